import { findFfmpeg } from '../../src/images/video/frame-reader.ts'
import type { Check, CheckResult } from './checks.ts'

const ADVICE =
  'Videos have the posters of their providers, or none: `apt-get install ffmpeg`, or set FFMPEG_PATH, and start again.'

/** Creates the check of the program that makes posters of videos. A studio needs none. */
export function createFfmpegCheck(setting: string): Check {
  return { name: 'ffmpeg', run: () => checkFfmpeg(setting) }
}

function checkFfmpeg(setting: string): CheckResult {
  if (setting === 'off') return { status: 'good', detail: 'off, by FFMPEG_PATH' }
  const program = findFfmpeg(setting)
  if (program === undefined) return { status: 'note', detail: `not here (${setting})`, advice: ADVICE }
  const text = Bun.spawnSync([program, '-hide_banner', '-version'], {
    stdin: 'ignore',
    timeout: 5_000,
  }).stdout.toString()
  const [, version] = /^ffmpeg version (\S+)/.exec(text) ?? []
  if (version === undefined) return { status: 'wrong', detail: `${program} does not run`, advice: 'Set FFMPEG_PATH.' }
  return { status: 'good', detail: `${version}, ${program}` }
}
