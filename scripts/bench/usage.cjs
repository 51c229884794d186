/**
 * Required by node before the program that is measured; writes, when it ends, what the process itself has used, its
 * children not counted. A CommonJS file, as its loader is there anyway: this costs less than a millisecond.
 */
const { readFileSync, writeFileSync } = require('node:fs');

process.on('exit', () => {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  // Not resourceUsage().maxRSS: a process inherits that from the one that started it.
  const peakKiB = Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
  writeFileSync(process.env.BENCH_USAGE_FILE ?? '/dev/null', JSON.stringify({ cpuMs: (userCPUTime + systemCPUTime) / 1000, peakMiB: peakKiB / 1024 }));
});
