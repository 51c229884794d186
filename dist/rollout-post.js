require('./bundle/index.js').runPost('rollout').catch((error) => process.nextTick(() => { throw error; }));
