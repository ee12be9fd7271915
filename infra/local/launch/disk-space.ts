import { statfs } from 'node:fs/promises'
import { PartError } from '../process/server-process.ts'

export interface SpaceOptions {
  /** Where everything is kept. */
  folder: string
  /** Told once, when room is left, but little. */
  say: (line: string) => void
}

const MEGABYTE = 1024 * 1024
export const LOW_BYTES = 1024 * MEGABYTE
/** To begin with. A new studio takes a fifth of it; the rest is for the database to finish what it has begun. */
export const LEAST_BYTES = 256 * MEGABYTE
/** To go on with: an orderly stop needs some of it. */
const LAST_BYTES = 96 * MEGABYTE
const LOOK_MS = 5_000

/**
 * Sees to it that there is room, before anything is written: a database that runs out of it in the middle of its work has to
 * stop where it stands.
 *
 * @throws PartError when there is too little
 */
export async function requireSpace({ folder, say }: SpaceOptions): Promise<void> {
  const free = await freeBytes(folder)
  if (free < LEAST_BYTES) {
    throw new PartError(
      `Only ${megabytes(free)} are free where Darkroom keeps its data (${folder}), and it needs ${megabytes(LEAST_BYTES)}. ` +
        'Make room, or set DATA_DIR to a folder on another disk.',
    )
  }
  if (free < LOW_BYTES) say(lowLine(free, folder))
}

/**
 * Goes on looking while the studio runs.
 *
 * @param options `giveUp` is told, once, when the studio has to be stopped as long as it can be stopped in order
 * @returns ends it
 */
export function watchSpace(options: SpaceOptions & { giveUp: (error: PartError) => void }): () => void {
  const { folder, say, giveUp } = options
  let isLow = true
  const look = async () => {
    const free = await freeBytes(folder).catch(() => Number.POSITIVE_INFINITY)
    if (free < LAST_BYTES) {
      clearInterval(timer)
      giveUp(
        new PartError(
          `Only ${megabytes(free)} are free in ${folder}: Darkroom has stopped in time. Make room, then start it again.`,
        ),
      )
    }
    if (free < LOW_BYTES && !isLow) say(lowLine(free, folder))
    isLow = free < LOW_BYTES
  }
  const timer = setInterval(look, LOOK_MS)
  return () => clearInterval(timer)
}

/** What this user may still write there. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

/** As people say it. */
export function megabytes(bytes: number): string {
  const megabytes = Math.floor(bytes / MEGABYTE)
  return megabytes < 10_240 ? `${megabytes} MB` : `${Math.floor(megabytes / 1024)} GB`
}

function lowLine(free: number, folder: string): string {
  return `Only ${megabytes(free)} are free in ${folder}: make room soon.`
}
