type Listener<Event> = (event: Event) => void;

/**
 * Creates a list of listeners by event. A listener that throws stops neither the others nor the SDK: its error reaches
 * the app as an uncaught one.
 */
export function createEmitter<Events extends object>() {
  const listeners = new Map<keyof Events, Set<Listener<never>>>();
  return {
    on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
      // A wrapper for each call: a listener that is added twice is called twice, and each removal removes one.
      const own: Listener<Events[Name]> = (event) => listener(event);
      const all = listeners.get(name) ?? new Set();
      listeners.set(name, all.add(own));
      return () => void all.delete(own);
    },
    emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
      for (const listener of [...(listeners.get(name) ?? [])] as Listener<Events[Name]>[]) {
        try {
          listener(event);
        } catch (error) {
          // As platforms report an error of a listener: uncaught.
          queueMicrotask(() => {
            throw error;
          });
        }
      }
    },
  };
}
