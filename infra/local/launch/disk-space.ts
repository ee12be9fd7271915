import { getFreeBytes, MIN_WRITE_BYTES } from '../../src/runtime/disk-space.ts'
import { StartError } from '../process/server-process.ts'

export interface DiskSpaceOptions {
  /** Data directory. */
  folder: string
  /** Called with a line for users each time the free space becomes low, or the studio read-only, or writable again. */
  onMessage: (line: string) => void
}

const MEGABYTE = 1024 * 1024
export const LOW_SPACE_BYTES = 1024 * MEGABYTE
/** Free space required to start. A new studio uses a fifth of it; the rest lets the database complete running transactions. */
export const MIN_START_BYTES = 256 * MEGABYTE
const CHECK_INTERVAL_MS = 5_000
/** With this much free space the disk cannot be full before the next check, a long interval later. */
const AMPLE_SPACE_BYTES = 64 * 1024 * MEGABYTE
const AMPLE_CHECK_INTERVAL_MS = 30_000
/** Space above the limit at which the end is reported, so that a disk at the limit does not fill the terminal. */
const READ_ONLY_MARGIN_BYTES = 16 * MEGABYTE

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

/** Polls the free disk space while the studio runs. @returns a function that ends the polling */
export function watchDiskSpace({ folder, onMessage }: DiskSpaceOptions): () => void {
  const report = createDiskSpaceReporter({ folder, onMessage })
  let isEnded = false
  let timer: Timer
  const check = async () => {
    const free = await getFreeBytes(folder).catch(() => 0)
    if (isEnded) return
    if (free > 0) report(free)
    timer = setTimeout(check, free < AMPLE_SPACE_BYTES ? CHECK_INTERVAL_MS : AMPLE_CHECK_INTERVAL_MS)
  }
  timer = setTimeout(check, CHECK_INTERVAL_MS)
  return () => {
    isEnded = true
    clearTimeout(timer)
  }
}

/**
 * Reports when the free space becomes low, and when the studio begins and ends to be read-only. The services find that out by
 * themselves.
 *
 * @returns a function to be called with the free space in bytes
 */
export function createDiskSpaceReporter({ folder, onMessage }: DiskSpaceOptions): (free: number) => void {
  let isLow = true
  let isReadOnly = false
  return free => {
    if (!isReadOnly && free < MIN_WRITE_BYTES) {
      isReadOnly = true
      onMessage(
        `Only ${formatMegabytes(free)} are free in ${folder}: what is made can be looked at, and nothing is changed until there is room.`,
      )
    } else if (isReadOnly && free >= MIN_WRITE_BYTES + READ_ONLY_MARGIN_BYTES) {
      isReadOnly = false
      onMessage(`${formatMegabytes(free)} are free in ${folder}: Darkroom goes on with everything.`)
    } else if (!isLow && !isReadOnly && free < LOW_SPACE_BYTES) {
      onMessage(formatLowSpaceWarning(free, folder))
    }
    isLow = free < LOW_SPACE_BYTES
  }
}

/** Formats bytes as MB, from 10 GB on as GB. */
export function formatMegabytes(bytes: number): string {
  const megabytes = Math.floor(bytes / MEGABYTE)
  return megabytes < 10_240 ? `${megabytes} MB` : `${Math.floor(megabytes / 1024)} GB`
}

function formatLowSpaceWarning(free: number, folder: string): string {
  return `Only ${formatMegabytes(free)} are free in ${folder}: make room soon.`
}
