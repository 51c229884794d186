import type { Pipe } from '../../ports/pipe.js';
import type { Place, ScratchPlace } from '../place.js';

/** A place that ends everything that it has started when it is closed. */
export function scratchPlace(place: Place, folder: string, release: () => Promise<void>): ScratchPlace {
  const running = new Set<Pipe>();
  return {
    ...place,
    folder,
    start: (script, options) => {
      const pipe = place.start(script, options);
      running.add(pipe);
      pipe.exited.catch(() => undefined).finally(() => running.delete(pipe));
      return pipe;
    },
    close: async () => {
      await Promise.all([...running].map((pipe) => pipe.stop()));
      await release();
    },
  };
}
