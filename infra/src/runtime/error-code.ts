/** Returns the code of an error of the operating system, the database or a driver; undefined if it has none. */
export function readErrorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}

/** Returns why something failed in few words: the code of an error, else its message. */
export function readReason(error: unknown): string {
  return readErrorCode(error) ?? (error instanceof Error ? error.message : String(error))
}

/** Returns undefined for the error of a file or folder that does not exist. @throws any other error as it is */
export function toUndefinedIfMissing(error: unknown): undefined {
  if (readErrorCode(error) === 'ENOENT') return undefined
  throw error
}
