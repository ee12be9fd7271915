import { statfs } from 'node:fs/promises'

const MIB = 1024 * 1024

/** Free space below which no call is made to a provider: its answer must fit on the disk, with what else is under way. */
export const MIN_SUBMIT_BYTES = 512 * MIB
/** Free space below which the studio only reads: the database must be able to end the transactions that are under way. */
export const MIN_WRITE_BYTES = 96 * MIB

/** Returns the free space of a folder's disk that this user may write to, in bytes. */
export async function getFreeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}
