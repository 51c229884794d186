require('./bundle/index.js').runMain('backup').catch((error) => process.nextTick(() => { throw error; }));
