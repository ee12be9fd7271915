const DISK_FULL_CODES = ['ENOSPC', 'EDQUOT', '53100']

/** Returns whether an error is that of a full disk, here or at the database: another try does not help. */
export function isDiskFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && DISK_FULL_CODES.includes(String(error.code))
}
