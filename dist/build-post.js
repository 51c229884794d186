require('./bundle/index.js').runPost('build').catch((error) => process.nextTick(() => { throw error; }));
