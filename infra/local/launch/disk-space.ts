import { getFreeBytes, MIN_SUBMIT_BYTES, MIN_WRITE_BYTES } from '../../src/runtime/disk-space.ts'
import { StartError } from '../process/server-process.ts'

export interface DiskSpaceOptions {
  /** Data directory. */
  folder: string
  /** Called with a line for users each time the free space becomes low, or the studio makes nothing more, or only reads, or goes on. */
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
/** Space above a limit at which its end is reported, so that a disk at the limit does not fill the terminal. */
const RECOVERY_MARGIN_BYTES = 16 * MEGABYTE

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
        'Make room, or set DATA_DIR to a folder on another disk, where a new studio begins.',
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

/** Free space below which each level begins, from the best level to the worst. */
const LEVELS = [Number.POSITIVE_INFINITY, LOW_SPACE_BYTES, MIN_SUBMIT_BYTES, MIN_WRITE_BYTES]
const LOW = 1
const NO_CALLS = 2

/**
 * Reports when the free space becomes low, and when calls to providers, and changes, end and begin again. The services find that
 * out by themselves.
 *
 * @returns a function to be called with the free space in bytes
 */
export function createDiskSpaceReporter({ folder, onMessage }: DiskSpaceOptions): (free: number) => void {
  // Of low space the start has warned already.
  let level = LOW
  return free => {
    const next = Math.max(findLevel(free), Math.min(level, findLevel(free - RECOVERY_MARGIN_BYTES)))
    const message = formatChange({ from: level, to: next, free, folder })
    level = next
    if (message !== undefined) onMessage(message)
  }
}

/** Returns the index of the level. */
function findLevel(free: number): number {
  return LEVELS.findLastIndex(limit => free < limit)
}

/** Returns the line for users about a change of the level; undefined if there is nothing to report. */
function formatChange(change: { from: number; to: number; free: number; folder: string }): string | undefined {
  const { from, to, folder } = change
  const free = formatMegabytes(change.free)
  if (from === to) return undefined
  if (to > NO_CALLS)
    return `Only ${free} are free in ${folder}: what is made can be looked at, and nothing is changed until there is room.`
  if (to === NO_CALLS) {
    const recovered = from > to ? 'changes are taken again, but ' : ''
    return `Only ${free} are free in ${folder}: ${recovered}nothing more is made until there is room.`
  }
  if (from >= NO_CALLS) return `${free} are free in ${folder}: Darkroom goes on with everything.`
  return to === LOW ? formatLowSpaceWarning(change.free, folder) : undefined
}

/** Formats bytes as MB, from 10 GB on as GB. */
export function formatMegabytes(bytes: number): string {
  const megabytes = Math.floor(bytes / MEGABYTE)
  return megabytes < 10_240 ? `${megabytes} MB` : `${Math.floor(megabytes / 1024)} GB`
}

function formatLowSpaceWarning(free: number, folder: string): string {
  return `Only ${formatMegabytes(free)} are free in ${folder}: make room soon.`
}
