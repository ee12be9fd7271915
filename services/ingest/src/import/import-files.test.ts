import { afterAll, beforeAll, expect, test } from 'bun:test'
import { appendFile, chmod, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addPngText } from '@darkroom/infra/testing/data/png-text'
import sharp from 'sharp'
import type { ImportEntry } from './entry.ts'
import { openFolder } from './folder.ts'
import { createNotes } from './notes.ts'
import { readImportFile } from './read-file.ts'
import { toPrintable } from './to-printable.ts'

let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'import-files-'))
})
afterAll(() => rm(directory, { recursive: true }))

test('names each file that is none, and reads the others: folders, pipes, devices, links, odd names', async () => {
  const folder = join(directory, 'odd')
  const image = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
    .png()
    .toBuffer()
  const good = addPngText(image, 'parameters', 'a fox\nSteps: 20')
  await Bun.write(join(folder, 'x.png', 'good.png'), good)
  await Bun.write(join(directory, 'outside.png'), good)
  const embedded = addPngText(image, 'parameters', 'see data:image/png;base64,AAAA\nSteps: 20')
  await Bun.write(join(folder, 'embedded.png'), embedded)
  await Bun.write(join(folder, 'empty.png'), '')
  await Bun.write(join(folder, 'line\nbreak\u001b[31m.png'), image)
  await Bun.write(join(folder, 'jpeg.png'), await sharp(image).jpeg().toBuffer())
  await run(['mkfifo', join(folder, 'y.png')])
  await run(['sh', '-c', `printf x > "$(printf '${folder}/\\377.png')"`])
  const links = {
    'z.png': '/dev/zero',
    'out.png': '../outside.png',
    'self.png': 'self.png',
    circle: '.',
    'in.png': 'x.png/good.png',
  }
  for (const [name, target] of Object.entries(links)) await symlink(target, join(folder, name))
  const entries = await readFolder(folder)
  const outcomes = entries.map(entry => [entry.name, 'error' in entry ? entry.error.message : entry.record.prompt])
  expect(Object.fromEntries(outcomes)).toEqual({
    'embedded.png': 'prompt: holds a file as text',
    'empty.png': 'says nothing of how it was made',
    'in.png': 'a fox',
    'jpeg.png': 'says nothing of how it was made',
    'line\nbreak\u001b[31m.png': 'says nothing of how it was made',
    'out.png': 'out.png is outside of the folder',
    'self.png': 'self.png is a link that leads in a circle',
    'x.png': 'is a folder, not a picture',
    'x.png/good.png': 'a fox',
    'y.png': 'y.png is a pipe or a device, not a picture',
    'z.png': 'z.png is outside of the folder',
    '\ufffd.png': 'has a name that is not UTF-8',
  })
})

test('reads images of four formats, counts other files by extension, and takes those without settings if asked', async () => {
  const folder = join(directory, 'formats')
  const image = sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
  const exif = { IFD0: { Make: 'prompt:{"1":{"class_type":"KSampler","inputs":{"prompt":"a fox","seed":4}}}' } }
  for (const format of ['png', 'jpeg', 'webp', 'avif'] as const)
    await Bun.write(join(folder, `${format}.${format}`), await image.clone().toFormat(format).withExif(exif).toBuffer())
  await Bun.write(join(folder, 'none.JPG'), await image.jpeg().toBuffer())
  for (const name of ['a.mp4', 'b.MP4', 'notes.txt', 'Makefile', 'sub/c.gif']) await Bun.write(join(folder, name), 'x')
  const notes = createNotes()
  const read = async (includesAll: boolean) =>
    await Array.fromAsync((await openFolder(folder, { notes, includesAll })).entries, entry => [
      entry.name,
      'error' in entry ? entry.error.message : entry.record.prompt,
    ])
  const expected = [
    ['avif.avif', 'a fox'],
    ['jpeg.jpeg', 'a fox'],
    ['none.JPG', 'says nothing of how it was made'],
    ['png.png', 'a fox'],
    ['webp.webp', 'a fox'],
  ]
  expect(await read(false)).toEqual(expected)
  expect(notes.passedOver.toObject()).toEqual({ '.mp4': 2, '.txt': 1, 'without an extension': 1, '.gif': 1 })
  expect((await read(true))[2]).toEqual(['none.JPG', ''])
})

test('names a file that is gone since the folder was listed', async () => {
  const folder = join(directory, 'gone')
  for (const name of ['a.png', 'b.png']) await Bun.write(join(folder, name), 'x')
  const { entries } = await openFolder(folder, { notes: createNotes(), includesAll: false })
  const messages: string[] = []
  for await (const entry of entries) {
    if ('error' in entry) messages.push(entry.error.message)
    await rm(join(folder, 'b.png'), { force: true })
  }
  expect(messages).toEqual(['says nothing of how it was made', 'b.png is not there'])
})

test('goes no deeper than a limit, and names what is there', async () => {
  const deep = join(directory, 'deep', ...Array.from({ length: 40 }, () => 'a'))
  await mkdir(deep, { recursive: true })
  await Bun.write(join(directory, 'deep', 'b.png'), 'x')
  const entries = await readFolder(join(directory, 'deep'))
  expect(entries.map(entry => 'error' in entry && entry.error.message)).toEqual([
    'is more than 32 folders deep',
    'says nothing of how it was made',
  ])
})

test('reads a file within the folder and its limit alone, and not one that grows meanwhile', async () => {
  const folder = join(directory, 'files')
  await Bun.write(join(folder, 'ten'), '0123456789')
  const read = (file: string, maxBytes = 10) =>
    readImportFile(folder, file, maxBytes).then(
      ({ bytes }) => bytes.length,
      error => String(error.message),
    )
  expect(await read('ten')).toBe(10)
  expect(await read('ten', 9)).toBe('ten is larger than 0.000009 MB')
  for (const file of ['../outside.png', '/etc/passwd', 'ten/more', 'none', '', '.', '..', 'a\0b', 'x'.repeat(300)])
    expect([file, await read(file)]).toEqual([file, expect.any(String)])
  const writer = new AbortController()
  const writing = (async () => {
    while (!writer.signal.aborted) await appendFile(join(folder, 'growing'), 'x'.repeat(100_000))
  })()
  await Bun.write(join(folder, 'growing'), 'x'.repeat(30_000_000))
  const outcomes = new Set<unknown>()
  while (!outcomes.has('growing changed while it was read') && outcomes.size < 100)
    outcomes.add(await read('growing', 1e9))
  writer.abort()
  await writing
  expect(outcomes.has('growing changed while it was read')).toBe(true)
})

test.skipIf(process.getuid?.() === 0)('names a file and a folder that may not be read', async () => {
  const folder = join(directory, 'secret')
  await Bun.write(join(folder, 'a.png'), 'x')
  await Bun.write(join(folder, 'b', 'c.png'), 'x')
  await Promise.all([chmod(join(folder, 'a.png'), 0), chmod(join(folder, 'b'), 0)])
  const entries = await readFolder(folder)
  await chmod(join(folder, 'b'), 0o700)
  expect(entries.map(entry => 'error' in entry && entry.error.message)).toEqual([
    'a.png may not be read',
    'the folder may not be read',
  ])
})

test('what is printed moves no cursor, begins no line and hides nothing', () => {
  expect(toPrintable('a\nb\u001b[31m\u202e\u0085\u2028.png é 東京 😀')).toBe(
    'a\\u{a}b\\u{1b}[31m\\u{202e}\\u{85}\\u{2028}.png é 東京 😀',
  )
  expect(toPrintable('x'.repeat(10_000)).length).toBeLessThan(600)
})

async function readFolder(folder: string): Promise<ImportEntry[]> {
  const source = await openFolder(folder, { notes: createNotes(), includesAll: false })
  return await Array.fromAsync(source.entries)
}

async function run(command: string[]): Promise<void> {
  if ((await Bun.spawn(command).exited) !== 0) throw new Error(`${command[0]} failed`)
}
