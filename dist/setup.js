require('./bundle/index.js').runSetup().catch((error) => process.nextTick(() => { throw error; }));
