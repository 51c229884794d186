/**
 * What a Node process has to be started with so that its clock is set, so many ms after its start. What counts time from
 * a fixed point, as timers do, goes on as before: so it is when a machine's clock is set.
 */
export function clockJump(byMs: number, afterMs: number): Record<string, string> {
  const program = `const real = Date; const now = () => real.now() + (performance.now() >= ${afterMs} ? ${byMs} : 0);
globalThis.Date = new Proxy(real, {
  get: (of, key) => (key === 'now' ? now : Reflect.get(of, key)),
  construct: (of, given, target) => Reflect.construct(of, given.length > 0 ? given : [now()], target),
  apply: () => new real(now()).toString(),
});`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(program)}` };
}
