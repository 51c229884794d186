require('./bundle/index.js').runMain('build').catch((error) => process.nextTick(() => { throw error; }));
