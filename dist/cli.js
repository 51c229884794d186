require('./bundle/index.js').runTerminal().catch((error) => process.nextTick(() => { throw error; }));
