require('./bundle/index.js').runPost('rollback').catch((error) => process.nextTick(() => { throw error; }));
