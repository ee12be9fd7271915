import { readErrorCode } from '../../src/runtime/error-code.ts'

const DISK_FULL_CODES = ['ENOSPC', 'EDQUOT', '53100']

/** Returns whether an error is that of a full disk, here or at the database: another try does not help. */
export function isDiskFull(error: unknown): boolean {
  return DISK_FULL_CODES.includes(readErrorCode(error) ?? '')
}
