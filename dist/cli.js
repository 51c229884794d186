#!/usr/bin/env node
require('./bundle/index.js').runTerminal(__dirname).catch((error) => process.nextTick(() => { throw error; }));
