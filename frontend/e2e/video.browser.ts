import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Generation } from '@darkroom/contracts/generation'
import type { Locator, Page } from 'playwright-core'
import { writeFakeFfmpeg } from '../../infra/testing/fake-ffmpeg.ts'
import { renderImage } from '../../infra/testing/fake-provider/image.ts'
import { type FakeProvider, startFakeProvider } from '../../infra/testing/studio/fake-provider.ts'
import { isFinished } from '../../infra/testing/studio/studio-client.ts'
import { createTestDirectory } from '../../infra/testing/test-resources.ts'
import { createAxe } from './axe.ts'
import { dropImages } from './drop-images.ts'
import { COLOUR_RULES } from './page-probes.ts'
import { type SeededStudio, startSeededStudio } from './seeded-studio.ts'

/** Videos of the tests' provider, from the composer to the file. A script stands for ffmpeg, which need not be installed. */

let disposables: AsyncDisposableStack
let seeded: SeededStudio
let fake: FakeProvider
/** File with which the script reads no frame. */
let broken: string

beforeAll(async () => {
  disposables = new AsyncDisposableStack()
  fake = disposables.use(await startFakeProvider())
  const { path } = disposables.use(await createTestDirectory())
  const frame = join(path, 'frame.png')
  await Bun.write(frame, await renderImage({ width: 64, height: 64 }, 1, 0))
  broken = join(path, 'broken')
  const ffmpeg = await writeFakeFfmpeg(path, { after: `[ -e '${broken}' ] && exit 1; cat '${frame}'` })
  seeded = disposables.use(await startSeededStudio(3, { env: { ...fake.env, FFMPEG_PATH: ffmpeg.path } }))
})
afterAll(() => disposables.disposeAsync())
beforeEach(async () => {
  await rm(broken, { force: true })
  await fake.setBehavior({ fileType: 'recorded', hasPosters: false })
})

test('a video is made from its first and last frame in the length asked for, has a poster, plays and is downloaded', async () => {
  const { page, pageErrors } = await seeded.open()
  await chooseModel(page, 'Fake video')
  await dropImages(page, ['#1d3557', '#e9c46a'])
  await page.locator('.attachment[data-state="ready"]').nth(1).waitFor()
  expect(await rolesOf(page)).toEqual(['first-frame', 'last-frame'])
  const duration = page.getByRole('combobox', { name: 'Duration' })
  expect(await duration.locator('option').allTextContents()).toEqual(['4 s', '8 s'])
  await duration.selectOption('8')
  const generation = await send(page, 'Wellen am Kliff, émues')

  const [submit] = (await fake.readRequestLog()).submits.slice(-1)
  expect(submit).toMatchObject({ model: 'fake-video', kind: 'video', operation: 'animate', duration: 8 })
  expect(submit?.references.map(({ role }) => role)).toEqual(['first-frame', 'last-frame'])
  expect(generation.outputs).toMatchObject([{ kind: 'video', state: 'stored', mimeType: 'video/webm', width: 64 }])

  const row = rowOf(page, generation)
  expect(await posterRatio(page, generation)).toBeCloseTo(1, 1)
  expect(await row.locator('.pill-video').textContent()).toMatch(/^0:0\d$/)
  await expectPlays(page, row)
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Download' }).click()
  const asItCame = dialog.getByRole('menuitem', { name: /^As it came/ })
  const [file] = await Promise.all([page.waitForEvent('download'), asItCame.click()])
  expect(file.suggestedFilename()).toBe('wellen-am-kliff-emues-1.webm')
  await page.keyboard.press('i')
  await dialog.getByText(/^8 s asked for, \d+(\.\d)? s made$/).waitFor()
  await expectAccessible(page, 'video-lightbox')
  expect(pageErrors).toEqual([])
  await page.context().close()
})

test('where ffmpeg reads no frame the poster is that of the provider, else the first frame that was given', async () => {
  await Bun.write(broken, '')
  const { page, pageErrors } = await seeded.open()
  await chooseModel(page, 'Fake video')
  await fake.setBehavior({ hasPosters: true })
  const ofProvider = await send(page, 'a film with the image of its provider')
  await fake.setBehavior({ hasPosters: false })
  await dropImages(page, ['#1d3557'])
  await page.locator('.attachment[data-state="ready"]').waitFor()
  const ofInput = await send(page, 'a film that begins with an image')
  // The provider draws its image as large as the video was to be, and the page its own 480 × 320.
  const [width = 1, height = 1] = ofProvider.parameters.aspectRatio?.split(':').map(Number) ?? []
  expect(await posterRatio(page, ofProvider)).toBeCloseTo(width / height, 1)
  expect(await posterRatio(page, ofInput)).toBeCloseTo(1.5, 1)
  expect(pageErrors).toEqual([])
  await page.context().close()
})

test('a video without a poster has a tile with its name and its length, and never a broken image', async () => {
  await Bun.write(broken, '')
  const { page, pageErrors } = await seeded.open()
  await chooseModel(page, 'Fake video')
  const generation = await send(page, 'a film that nobody has seen')
  expect(generation.outputs).toMatchObject([{ state: 'stored', previewUrl: null, placeholder: null }])
  const row = rowOf(page, generation)
  await row.locator('.no-image .icon').waitFor()
  expect(await row.locator('.no-image').getAttribute('data-video')).toBe('a film that nobody has seen')
  expect(await row.locator('.pictures img').count()).toBe(0)
  expect(await row.locator('.pill-video').textContent()).toMatch(/^0:0\d$/)
  await expectAccessible(page, 'video-without-poster')
  await expectPlays(page, row)
  expect(pageErrors).toEqual([])
  await page.context().close()
})

/** Chooses a video model, for one output. */
async function chooseModel(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: /^Model: / }).click()
  const dialog = page.getByRole('dialog', { name: 'Models' })
  await dialog.getByRole('button', { name: 'Video', exact: true }).click()
  await dialog.getByRole('button', { name, exact: true }).click()
  await dialog.waitFor({ state: 'detached' })
  await page.getByRole('combobox', { name: 'Outputs' }).selectOption('1')
}

async function rolesOf(page: Page): Promise<string[]> {
  const roles = await page.getByRole('combobox', { name: /^Role of reference/ }).all()
  return await Promise.all(roles.map(role => role.inputValue()))
}

/** Sends the draft. @returns the generation once it is finished */
async function send(page: Page, prompt: string): Promise<Generation> {
  const accepted = page.waitForResponse(response => response.url().endsWith('/api/generate') && response.ok())
  const field = page.getByRole('textbox', { name: 'Prompt' })
  await field.fill(prompt)
  await field.press('Enter')
  const { id } = (await (await accepted).json()) as Generation
  return await seeded.studio.waitForGeneration(id, isFinished)
}

function rowOf(page: Page, { id }: Generation): Locator {
  return page.locator(`article[data-generation-id="${id}"]`)
}

/** Returns the ratio of the poster in the row of a generation. */
async function posterRatio(page: Page, generation: Generation): Promise<number> {
  const poster = rowOf(page, generation).locator('.picture img')
  await poster.waitFor()
  return await poster.evaluate(async (image: HTMLImageElement) => {
    await image.decode()
    return image.naturalWidth / image.naturalHeight
  })
}

/** Opens a row's first video, which the browser requests by a range, and plays it. */
async function expectPlays(page: Page, row: Locator): Promise<void> {
  const isVideo = (url: string) => url.includes('/media/') && url.endsWith('.webm')
  const ranged = page.waitForResponse(response => isVideo(response.url()) && response.status() === 206)
  await row.locator('[data-output-index="0"]').click()
  const response = await ranged
  expect(response.request().headers().range).toStartWith('bytes=')
  expect(response.headers()).toMatchObject({ 'content-type': 'video/webm', 'accept-ranges': 'bytes' })
  expect(response.headers()['content-range']).toMatch(/^bytes \d+-\d+\/\d+$/)
  const video = page.getByRole('dialog').locator('video')
  await page.waitForFunction(() => (document.querySelector('video')?.readyState ?? 0) > 1)
  await page.keyboard.press(' ')
  await page.waitForFunction(() => (document.querySelector('video')?.currentTime ?? 0) > 0)
  expect(await video.evaluate((it: HTMLVideoElement) => [it.videoWidth, it.videoHeight])).toEqual([64, 36])
}

async function expectAccessible(page: Page, name: string): Promise<void> {
  const folder = process.env.SCREENSHOTS
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    const axe = createAxe(page)
    const { violations } = await (colorScheme === 'light' ? axe : axe.withRules(COLOUR_RULES)).analyze()
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 160))])).toEqual([])
    if (folder) await page.screenshot({ path: `${folder}/${name}-${colorScheme}.png` })
  }
}
