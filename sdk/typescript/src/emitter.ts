type Listener<Event> = (event: Event) => void;

/**
 * Listeners by event. A listener that throws stops neither the others nor the SDK: the error reaches the app as an
 * uncaught one.
 */
export function createEmitter<Events extends object>() {
  const listeners = new Map<keyof Events, Set<Listener<never>>>();
  return {
    on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
      // A function of its own: who subscribes twice is told twice, and unsubscribes once.
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
          // As the platform reports what is thrown in a listener: uncaught.
          queueMicrotask(() => {
            throw error;
          });
        }
      }
    },
  };
}
