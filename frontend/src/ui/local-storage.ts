/** What this browser remembers under a name; null if it remembers nothing or must not. */
export function readStorage(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

/** Remembers a text under a name, or with null forgets it. Where storage is switched off or full, the page works without. */
export function writeStorage(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key)
    if (value !== null) localStorage.setItem(key, value)
  } catch {
    // Nothing depends on it.
  }
}
