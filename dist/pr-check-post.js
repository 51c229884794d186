require('./bundle/index.js').runPost('pr-check').catch((error) => process.nextTick(() => { throw error; }));
