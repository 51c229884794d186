require('./bundle/index.js').runSetupPost().catch((error) => process.nextTick(() => { throw error; }));
