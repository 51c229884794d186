require('./bundle/index.js').runMain('rollout').catch((error) => process.nextTick(() => { throw error; }));
