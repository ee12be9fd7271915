import { getFreeBytes, MIN_WRITE_BYTES } from '../../src/runtime/disk-space.ts'
import { StartError } from '../process/server-process.ts'

export interface DiskSpaceOptions {
  /** Data directory. */
  folder: string
  /** Called with a warning each time the free space becomes low. */
  onMessage: (line: string) => void
}

const MEGABYTE = 1024 * 1024
export const LOW_SPACE_BYTES = 1024 * MEGABYTE
/** Free space required to start. A new studio uses a fifth of it; the rest lets the database complete running transactions. */
export const MIN_START_BYTES = 256 * MEGABYTE
const CHECK_INTERVAL_MS = 5_000

/**
 * Asserts enough free disk space before anything is written: a database whose disk is full crashes in the middle of its work.
 *
 * @throws StartError below `MIN_START_BYTES`
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
 * Polls the free disk space while the studio runs.
 *
 * @param options `onFatal` is called once, below `MIN_WRITE_BYTES`: the studio must stop while an orderly stop still fits
 * @returns a function that ends the polling
 */
export function watchDiskSpace(options: DiskSpaceOptions & { onFatal: (error: StartError) => void }): () => void {
  const { folder, onMessage, onFatal } = options
  let isLow = true
  const check = async () => {
    const free = await getFreeBytes(folder).catch(() => Number.POSITIVE_INFINITY)
    if (free < MIN_WRITE_BYTES) {
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

/** Formats bytes as MB, from 10 GB on as GB. */
export function formatMegabytes(bytes: number): string {
  const megabytes = Math.floor(bytes / MEGABYTE)
  return megabytes < 10_240 ? `${megabytes} MB` : `${Math.floor(megabytes / 1024)} GB`
}

function formatLowSpaceWarning(free: number, folder: string): string {
  return `Only ${formatMegabytes(free)} are free in ${folder}: make room soon.`
}
