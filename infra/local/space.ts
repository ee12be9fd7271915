import { statfs } from 'node:fs/promises'
import { PartError } from './part.ts'

const MEGABYTE = 1024 * 1024
/** A new studio takes a fifth of it; the rest is for the database to finish what it has begun. */
export const LEAST_BYTES = 256 * MEGABYTE
const LOW_BYTES = 1024 * MEGABYTE

/**
 * Sees to it that there is room where everything is kept, before anything is written there: a database that runs out of it in
 * the middle of its work has to stop.
 *
 * @param say is told when room is left, but little
 * @throws PartError when there is too little
 */
export async function requireSpace(folder: string, say: (line: string) => void): Promise<void> {
  const free = await freeBytes(folder)
  if (free < LEAST_BYTES) {
    throw new PartError(
      `Only ${megabytes(free)} are free where Darkroom keeps its data (${folder}), and it needs ${megabytes(LEAST_BYTES)}. ` +
        'Make room, or set DATA_DIR to a folder on another disk.',
    )
  }
  if (free < LOW_BYTES) say(`Only ${megabytes(free)} are free in ${folder}: make room soon.`)
}

/** What this user may still write there. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

/** As people say it. */
export function megabytes(bytes: number): string {
  if (bytes >= 10_240 * MEGABYTE) return `${Math.round(bytes / 1024 / MEGABYTE)} GB`
  return `${Math.round(bytes / MEGABYTE)} MB`
}
