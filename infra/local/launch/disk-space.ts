import { statfs } from 'node:fs/promises'
import { StartError } from '../process/server-process.ts'

export interface DiskSpaceOptions {
  /** Where everything is kept. */
  folder: string
  /** Told once, when room is left, but little. */
  onMessage: (line: string) => void
}

const MEGABYTE = 1024 * 1024
export const LOW_SPACE_BYTES = 1024 * MEGABYTE
/** To begin with. A new studio takes a fifth of it; the rest is for the database to finish what it has begun. */
export const MIN_START_BYTES = 256 * MEGABYTE
/** To go on with: an orderly stop needs some of it. */
const MIN_RUNNING_BYTES = 96 * MEGABYTE
const CHECK_INTERVAL_MS = 5_000

/**
 * Sees to it that there is room, before anything is written: a database that runs out of it in the middle of its work has to
 * stop where it stands.
 *
 * @throws PartError when there is too little
 */
export async function assertDiskSpace({ folder, onMessage }: DiskSpaceOptions): Promise<void> {
  const free = await getFreeBytes(folder)
  if (free < MIN_START_BYTES) {
    throw new StartError(
      `Only ${formatMegabytes(free)} are free where Darkroom keeps its data (${folder}), and it needs ${formatMegabytes(MIN_START_BYTES)}. ` +
        'Make room, or set DATA_DIR to a folder on another disk.',
    )
  }
  if (free < LOW_SPACE_BYTES) onMessage(formatLowSpaceWarning(free, folder))
}

/**
 * Goes on looking while the studio runs.
 *
 * @param options `giveUp` is told, once, when the studio has to be stopped as long as it can be stopped in order
 * @returns ends it
 */
export function watchDiskSpace(options: DiskSpaceOptions & { onFatal: (error: StartError) => void }): () => void {
  const { folder, onMessage, onFatal } = options
  let isLow = true
  const check = async () => {
    const free = await getFreeBytes(folder).catch(() => Number.POSITIVE_INFINITY)
    if (free < MIN_RUNNING_BYTES) {
      clearInterval(timer)
      onFatal(
        new StartError(
          `Only ${formatMegabytes(free)} are free in ${folder}: Darkroom has stopped in time. Make room, then start it again.`,
        ),
      )
    }
    if (free < LOW_SPACE_BYTES && !isLow) onMessage(formatLowSpaceWarning(free, folder))
    isLow = free < LOW_SPACE_BYTES
  }
  const timer = setInterval(check, CHECK_INTERVAL_MS)
  return () => clearInterval(timer)
}

/** What this user may still write there. */
export async function getFreeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

/** As people say it. */
export function formatMegabytes(bytes: number): string {
  const megabytes = Math.floor(bytes / MEGABYTE)
  return megabytes < 10_240 ? `${megabytes} MB` : `${Math.floor(megabytes / 1024)} GB`
}

function formatLowSpaceWarning(free: number, folder: string): string {
  return `Only ${formatMegabytes(free)} are free in ${folder}: make room soon.`
}
