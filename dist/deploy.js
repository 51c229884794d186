require('./bundle/index.js').runMain('deploy').catch((error) => process.nextTick(() => { throw error; }));
