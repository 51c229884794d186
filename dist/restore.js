require('./bundle/index.js').runMain('restore').catch((error) => process.nextTick(() => { throw error; }));
