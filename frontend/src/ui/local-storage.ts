/** Reads a value from this browser's local storage; null if there is none or if storage is switched off. */
export function readStorage(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

/** Writes a value to this browser's local storage, or removes it with null. Does nothing if storage is off or full. */
export function writeStorage(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key)
    if (value !== null) localStorage.setItem(key, value)
  } catch {
    // The page works without stored values.
  }
}
