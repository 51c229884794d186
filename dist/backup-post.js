require('./bundle/index.js').runPost('backup').catch((error) => process.nextTick(() => { throw error; }));
