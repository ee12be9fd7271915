import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { writeFakeFfmpeg } from '../../testing/fake-ffmpeg.ts'
import { createTestDirectory } from '../../testing/test-resources.ts'
import { createFfmpegCheck } from './ffmpeg-check.ts'

const check = async (setting: string) => await createFfmpegCheck(setting).run(new AbortController().signal)

test('tells the version of ffmpeg, that it is missing or off, and that a program does not run', async () => {
  await using directory = await createTestDirectory()
  const ffmpeg = await writeFakeFfmpeg(directory.path, { after: 'echo "ffmpeg version 7.1-deb Copyright"' })
  expect(await check(ffmpeg.path)).toEqual({ status: 'good', detail: `7.1-deb, ${ffmpeg.path}` })
  expect(await check('off')).toMatchObject({ status: 'good' })
  expect(await check(join(directory.path, 'nothing'))).toMatchObject({
    status: 'note',
    advice: expect.stringContaining('apt-get install ffmpeg'),
  })
  const broken = await writeFakeFfmpeg(directory.path, { after: 'exit 127' })
  expect(await check(broken.path)).toMatchObject({ status: 'wrong' })
})
