import { chmod } from 'node:fs/promises'
import { join } from 'node:path'

/** A program that a test gives to the studio for ffmpeg. */
export interface FakeFfmpeg {
  path: string
  /** Returns the arguments of each run so far. */
  readRuns(): Promise<string[][]>
}

/**
 * Writes a program that stands for ffmpeg, which machines need not have: a shell script that notes its arguments and prints a frame.
 *
 * @param options `frame`: an image file; `after`: shell commands that come instead of it
 */
export async function writeFakeFfmpeg(
  directory: string,
  options: { frame: Uint8Array } | { after: string },
): Promise<FakeFfmpeg> {
  const [path, runs, frame] = ['fake-ffmpeg', 'fake-ffmpeg.runs', 'fake-ffmpeg.png'].map(name => join(directory, name))
  if (path === undefined || runs === undefined || frame === undefined) throw new Error('no paths')
  if ('frame' in options) await Bun.write(frame, options.frame)
  const output = 'after' in options ? options.after : `cat '${frame}'`
  await Bun.write(path, `#!/bin/sh\nprintf '%s\\n' "$@" END >> '${runs}'\n${output}\n`)
  await chmod(path, 0o755)
  return {
    path,
    readRuns: async () => {
      const text = (await Bun.file(runs).exists()) ? await Bun.file(runs).text() : ''
      return text
        .split('END\n')
        .slice(0, -1)
        .map(run => run.split('\n').slice(0, -1))
    },
  }
}
