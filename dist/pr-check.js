require('./bundle/index.js').runMain('pr-check').catch((error) => process.nextTick(() => { throw error; }));
