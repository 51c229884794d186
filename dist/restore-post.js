require('./bundle/index.js').runPost('restore').catch((error) => process.nextTick(() => { throw error; }));
