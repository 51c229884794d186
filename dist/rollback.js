require('./bundle/index.js').runMain('rollback').catch((error) => process.nextTick(() => { throw error; }));
