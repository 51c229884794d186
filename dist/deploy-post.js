require('./bundle/index.js').runPost('deploy').catch((error) => process.nextTick(() => { throw error; }));
