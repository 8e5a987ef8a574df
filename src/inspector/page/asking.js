// One question at a time: what changes while one is being asked is asked for once more.

/**
 * A function that asks, however often it is called. `ask` does it once; it is given a function that says whether there
 * is something newer to ask for already.
 */
export const asking = (ask) => {
  let isAsking = false;
  let isStale = false;
  return async () => {
    isStale = true;
    if (isAsking) return;
    isAsking = true;
    try {
      while (isStale) {
        isStale = false;
        await ask(() => isStale);
      }
    } catch {
      // The server is gone for now; the feed says so, and its next event asks again.
    } finally {
      isAsking = false;
    }
  };
};
