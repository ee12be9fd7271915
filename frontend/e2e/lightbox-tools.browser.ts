import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Locator, Page } from 'playwright-core'
import { createAxe } from './axe.ts'
import { startProbe, waitForAddressOfView, waitForFrames, waitUntilSettled } from './page-probes.ts'
import { countWrongPixels, countWrongPixelsOfPng, createPatternPng } from './pattern-image.ts'
import { type SeededStudio, startSeededStudio } from './seeded-studio.ts'
import { createTouch } from './touch.ts'
import { fulfillClip, recordClip } from './webm-clip.ts'

const COUNT = 60
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }

let seeded: SeededStudio

beforeAll(async () => {
  seeded = await startSeededStudio(COUNT)
})

afterAll(() => seeded[Symbol.asyncDispose]())

test('shows a file at its true pixels at 1:1, zooms around the pointer, and never enlarges at Fit', async () => {
  for (const deviceScaleFactor of [1, 2]) {
    const { page, pageErrors } = await seeded.open({ deviceScaleFactor, viewport: { width: 1280, height: 800 } })
    await serveOriginals(page, { width: 3_000, height: 2_000 })
    const dialog = await openLightbox(page)
    const image = dialog.locator('.surface img')
    expect(await readScale(dialog)).toBe(deviceScaleFactor === 1 ? '33 %' : '66 %')
    await page.keyboard.press('1')
    await waitForFrames(page)
    expect([await readScale(dialog), await widthOf(image)]).toEqual(['100 %', 3_000 / deviceScaleFactor])
    expect(await dialog.getByRole('button', { name: 'Actual size' }).getAttribute('aria-pressed')).toBe('true')
    expect(await countWrongPixels(page, image, deviceScaleFactor)).toBe(0)
    await page.keyboard.press('0')
    await page.mouse.move(400, 300)
    const before = await imagePointAt(image, { x: 400, y: 300 })
    await page.mouse.wheel(0, -400)
    await page.waitForFunction(() => document.querySelector('.zoom-scale')?.textContent !== '33 %')
    await waitForFrames(page)
    const after = await imagePointAt(image, { x: 400, y: 300 })
    expect(Math.hypot(after.x - before.x, after.y - before.y)).toBeLessThan(0.01)
    expect(pageErrors).toEqual([])
    await page.context().close()
  }
})

test('zooms by double click, keys and buttons, and pans by drag and arrow keys within the edges', async () => {
  const { page } = await seeded.open({ viewport: { width: 1280, height: 800 } })
  await serveOriginals(page, { width: 3_000, height: 2_000 })
  const dialog = await openLightbox(page)
  const image = dialog.locator('.surface img')
  const name = await dialog.getAttribute('aria-label')
  await page.mouse.dblclick(500, 400)
  expect(await readScale(dialog)).toBe('100 %')
  const before = await leftOf(image)
  await page.mouse.move(640, 400)
  await page.mouse.down()
  await page.mouse.move(700, 430, { steps: 4 })
  await page.mouse.up()
  expect((await leftOf(image)) - before).toBe(60)
  await page.keyboard.press('ArrowRight')
  expect((await leftOf(image)) - before).toBe(-20)
  for (let press = 0; press < 40; press += 1) await page.keyboard.press('ArrowRight')
  expect(await leftOf(image)).toBe((await widthOf(dialog.locator('.stage'))) - 3_000)
  expect(await dialog.getAttribute('aria-label')).toBe(name)
  await page.keyboard.press('+')
  expect(await readScale(dialog)).toBe('150 %')
  await dialog.getByRole('button', { name: 'Zoom out' }).click()
  expect(await readScale(dialog)).toBe('100 %')
  await page.mouse.dblclick(500, 400)
  expect([
    await readScale(dialog),
    await dialog.getByRole('button', { name: 'Fit' }).getAttribute('aria-pressed'),
  ]).toEqual(['33 %', 'true'])
  await dialog.getByRole('button', { name: 'Details', exact: true }).click()
  await page.waitForFunction(() => document.querySelector('.zoom-scale')?.textContent !== '33 %')
  const [imageBox, panelBox] = [await image.boundingBox(), await dialog.locator('.details').boundingBox()]
  expect((imageBox?.x ?? 0) + (imageBox?.width ?? 0)).toBeLessThanOrEqual(panelBox?.x ?? 0)
  await page.context().close()
})

test('shows a small file at 1:1 at most, and turns with arrow keys after a backdrop was chosen', async () => {
  const { page } = await seeded.open({ permissions: ['clipboard-read', 'clipboard-write'] })
  await serveOriginals(page, { width: 300, height: 200 })
  const dialog = await openLightbox(page)
  expect([await readScale(dialog), await widthOf(dialog.locator('.surface img'))]).toEqual(['100 %', 300])
  for (const backdrop of ['Black', 'Grey', 'White']) {
    await dialog.getByRole('button', { name: `${backdrop} backdrop` }).click()
    const colour = await dialog.locator('.turn-next').evaluate(button => getComputedStyle(button).backgroundColor)
    // Without chroma: a tint would change how the image looks.
    expect(colour).toMatch(/^\w+\([\d.]+ 0 0 \/ 0\.\d+\)$/)
  }
  expect(await dialog.getAttribute('data-backdrop')).toBe('white')
  await page.keyboard.press('ArrowRight')
  await dialog.locator('.surface img[alt^="Picture 2 of 4: No. "]').waitFor()
  expect(await dialog.getByRole('status').filter({ hasText: 'Picture 2 of 4: No. ' }).count()).toBe(1)
  await page.keyboard.press('End')
  await dialog.locator('.surface img[alt^="Picture 4 of 4"]').waitFor()
  await page.keyboard.press('Home')
  await dialog.locator('.surface img[alt^="Picture 1 of 4"]').waitFor()
  await dialog.getByRole('button', { name: 'More' }).click()
  await dialog.getByRole('menuitem', { name: 'Copy image' }).click()
  await dialog.getByText('Image copied.').waitFor()
  expect(await countWrongPixelsOfPng(page, await readClipboardImage(page))).toBe(0)
  await page.context().close()
})

test('compares two outputs with a line that keys move, side by side, and by clicks in the filmstrip', async () => {
  const { page, pageErrors } = await seeded.open()
  const dialog = await openLightbox(page)
  await page.keyboard.press('c')
  const slider = dialog.getByRole('slider', { name: 'Line between A and B' })
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('Shift+ArrowRight')
  expect(await slider.getAttribute('aria-valuenow')).toBe('61')
  expect(await dialog.locator('.counter').textContent()).toBe('1 and 2 of 4')
  const line = await dialog.locator('.compare-line').boundingBox()
  const box = await dialog.locator('.compare-pane[data-side="a"] img').boundingBox()
  expect(((line?.x ?? 0) + 1 - (box?.x ?? 0)) / (box?.width ?? 1)).toBeCloseTo(0.61, 2)
  const frames = dialog.locator('.frame')
  await frames.nth(3).click()
  expect(await marksOf(frames)).toEqual(['A', null, null, 'B'])
  await frames.nth(1).click({ modifiers: ['Shift'] })
  expect(await marksOf(frames)).toEqual([null, 'A', null, 'B'])
  await dialog.getByRole('button', { name: 'Side by side' }).click()
  await dialog.getByRole('button', { name: 'Zoom in' }).click()
  const transforms = await dialog
    .locator('.surface')
    .evaluateAll(all => all.map(one => (one as HTMLElement).style.transform))
  expect([transforms.length, new Set(transforms).size]).toEqual([2, 1])
  await page.keyboard.press('Escape')
  await dialog.locator('.compare').waitFor({ state: 'detached' })
  expect(await dialog.isVisible()).toBe(true)
  expect(pageErrors).toEqual([])
  await page.context().close()
})

test('deletes one output alone, moves to its neighbour, and gives it back', async () => {
  const { page } = await seeded.open()
  const dialog = await openLightbox(page)
  const tiles = `article[data-generation-id="${await shownGeneration(dialog)}"] [data-output-index]`
  const waitForTiles = (count: number) =>
    page.waitForFunction(([query, many]) => document.querySelectorAll(query).length === many, [tiles, count] as const)
  await waitForTiles(4)
  await page.keyboard.press('Delete')
  await dialog.locator('.surface img[alt^="Picture 2 of 4"]').waitFor()
  await waitForTiles(3)
  await dialog.getByRole('button', { name: 'Undo' }).click()
  await waitForTiles(4)
  await page.keyboard.press('ArrowLeft')
  await dialog.locator('.surface img[alt^="Picture 1 of 4"]').waitFor()
  await page.context().close()
})

test('Back closes it and moves nothing, Forward and a reload open it again', async () => {
  const { page, pageErrors } = await seeded.open()
  await page.mouse.move(600, 400)
  await page.mouse.wheel(0, -3_000)
  await waitUntilSettled(page)
  await waitForAddressOfView(page)
  const dialog = await openLightbox(page)
  const id = await shownGeneration(dialog)
  const hash = await page.evaluate(() => location.hash)
  const stop = await startProbe(page, id)
  await page.keyboard.press('ArrowRight')
  await page.goBack()
  await dialog.waitFor({ state: 'detached' })
  await waitForFrames(page, 5)
  const { tops } = await stop()
  expect([tops.length, await page.evaluate(() => location.hash)]).toEqual([1, hash])
  const focused = () => document.activeElement?.closest('article')?.getAttribute('data-generation-id')
  expect(await page.evaluate(focused)).toBe(id)
  await page.goForward()
  await dialog.locator('.surface img[alt^="Picture 2 of 4"]').waitFor()
  await page.reload()
  await dialog.locator(`.surface img[data-generation-id="${id}"][alt^="Picture 2 of 4"]`).waitFor()
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  await page.waitForFunction(() => history.state?.lightbox === undefined)
  expect(pageErrors).toEqual([])
  await page.context().close()
})

test('on a phone nothing runs off the side, two fingers zoom, one swipes, and all actions are within reach', async () => {
  for (const viewport of [PHONE.viewport, { width: 320, height: 640 }]) {
    const { page, pageErrors } = await seeded.open({ ...PHONE, viewport })
    const dialog = await openLightbox(page)
    expect(await listOverflowing(page)).toEqual([])
    const touch = await createTouch(page)
    const middle = { x: viewport.width / 2, y: viewport.height / 2 - 80 }
    await touch.pinch(middle, 40, 120)
    await page.waitForFunction(() => !document.querySelector('.phone-scale')?.textContent?.startsWith('Fit'))
    await touch.pinch(middle, 120, 20)
    await page.waitForFunction(() => document.querySelector('.phone-scale')?.textContent?.startsWith('Fit'))
    await touch.swipe({ x: viewport.width - 60, y: middle.y }, { x: 60, y: middle.y })
    await dialog.locator('.surface img[alt^="Picture 2 of 4"]').waitFor()
    for (const name of ['Close', 'Details', 'Favourite', 'Use as reference', 'Download', 'More']) {
      const box = await dialog.getByRole('button', { name, exact: true }).boundingBox()
      expect(Math.min(box?.width ?? 0, box?.height ?? 0)).toBeGreaterThanOrEqual(44)
    }
    await dialog.getByRole('button', { name: 'More' }).click()
    await dialog.getByRole('menuitem', { name: 'Delete this picture' }).waitFor()
    expect(await listOverflowing(page)).toEqual([])
    await page.keyboard.press('Escape')
    await dialog.getByRole('button', { name: 'Details', exact: true }).click()
    await dialog.getByText('Time taken').waitFor()
    expect(await listOverflowing(page)).toEqual([])
    expect(pageErrors).toEqual([])
    await page.context().close()
  }
})

test('has no accessibility violations on any backdrop, in both themes, with details, menus and comparison', async () => {
  const { page } = await seeded.open({ colorScheme: 'dark' })
  const dialog = await openLightbox(page)
  await dialog.getByRole('button', { name: 'Details', exact: true }).click()
  await dialog.getByRole('button', { name: 'Download' }).click()
  expect(await listViolations(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Grey backdrop' }).click()
  await page.keyboard.press('c')
  expect(await listViolations(page)).toEqual([])
  await page.context().close()
  const light = await seeded.open({ ...PHONE, colorScheme: 'light' })
  const lightDialog = await openLightbox(light.page)
  for (const backdrop of ['Grey', 'White']) {
    await lightDialog.getByRole('button', { name: 'More' }).click()
    await lightDialog.getByRole('menuitem', { name: `${backdrop} backdrop` }).click()
  }
  await lightDialog.getByRole('button', { name: 'Details', exact: true }).click()
  expect(await listViolations(light.page)).toEqual([])
  await light.page.context().close()
})

test('details lead to a parent that is not loaded in the feed, compare with it, and back to the child', async () => {
  const [parentId, childId] = [await seeded.history.findId(3), await seeded.history.findId(COUNT - 1)]
  const parent = { generationId: parentId, outputIndex: 1, verb: 'vary' }
  await seeded.history.updateGeneration(
    childId,
    tx => tx`update generations set parent = ${tx.json(parent)} where id = ${childId}`,
  )
  const { page, pageErrors } = await seeded.open()
  expect(await page.locator(`article[data-generation-id="${parentId}"]`).count()).toBe(0)
  await page.locator(`article[data-generation-id="${childId}"] [data-output-index="0"]`).click()
  const dialog = page.getByRole('dialog')
  await dialog.locator('.surface img[data-state="loaded"]').waitFor()
  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keys' }).waitFor()
  await page.keyboard.press('i')
  await page.keyboard.press('Escape')
  await page.getByRole('dialog', { name: 'Keys' }).waitFor({ state: 'detached' })
  expect(await dialog.locator('.detail dt').count()).toBe(0)
  await page.keyboard.press('i')
  await dialog.locator('.detail dt').first().waitFor()
  const facts = await dialog.locator('.detail dt').allTextContents()
  expect(facts).toEqual(['Model', 'Connection', 'Size', 'File', 'Made', 'Time taken', 'Cost'])
  const parentButton = dialog.getByRole('button', { name: /^parent: No. 3: / })
  await parentButton.waitFor()
  await dialog.locator(`.frame[data-media="${childId}.3"]`).click()
  await page.keyboard.press('c')
  expect(await dialog.locator('.frame').count()).toBe(5)
  await dialog.locator('.frame').first().click()
  expect(await dialog.locator('.compare-label[data-side="b"]').textContent()).toStartWith('B parent')
  await page.keyboard.press('c')
  await parentButton.click()
  await dialog.locator(`.surface img[data-generation-id="${parentId}"][alt^="Picture 2 of 4: No. 3:"]`).waitFor()
  await dialog.getByRole('button', { name: 'Favourite' }).click()
  await dialog.locator('button[aria-label="Favourite"][aria-pressed="true"]').waitFor()
  await dialog.getByRole('button', { name: /^made from it: No. 59: / }).click()
  await dialog.locator(`.surface img[data-generation-id="${childId}"]`).waitFor()
  expect(pageErrors).toEqual([])
  await page.context().close()
})

test('a video has its controls, its poster, and steps by frame where an image has its scale', async () => {
  const id = await seeded.history.findId(COUNT)
  await seeded.history.updateGeneration(id, async tx => {
    await tx`update generations set kind = 'video' where id = ${id}`
    await tx`update generation_outputs set kind = 'video', mime_type = 'video/mp4' where generation_id = ${id}`
  })
  const { page } = await seeded.open()
  // The posters: those of its images are their previews.
  const row = page.locator(`article[data-generation-id="${id}"]`)
  expect(await row.locator('.pictures img').first().getAttribute('src')).toEndWith('.w960.webp')
  const clip = await recordClip(page)
  await page.route(/\/media\/.*\.png$/, route => fulfillClip(route, clip))
  const dialog = await openVideo(page, id)
  await playVideo(page, dialog.locator('video'))
  await page.keyboard.press('Escape')
  await page.unrouteAll()
  await page.reload()
  await openVideo(page, id)
  const video = dialog.locator('video[controls][loop][poster]')
  await video.waitFor()
  expect(await video.getAttribute('aria-label')).toStartWith('Video 1 of ')
  // The file is an image: that it cannot be played is said in words, over the poster.
  await dialog.getByText('This video cannot be played here.').waitFor()
  expect(await dialog.getByRole('button', { name: 'Next frame' }).isVisible()).toBe(true)
  expect(await dialog.getByRole('button', { name: 'Zoom in' }).count()).toBe(0)
  await page.keyboard.press('.')
  await page.keyboard.press('+')
  await page.keyboard.press('ArrowLeft')
  await dialog.locator('.surface img').waitFor()
  await page.context().close()
})

test('says what became of a picture whose file cannot be loaded, and what can be done', async () => {
  const { page } = await seeded.open({ viewport: { width: 1280, height: 800 } })
  const original = /\/media\/.*\.png$/
  await page.route(original, route => route.fulfill({ status: 404 }))
  const dialog = await clickImage(page)
  await dialog.getByText('The original could not be loaded: this is its preview.').waitFor()
  expect(await widthOf(dialog.locator('.surface img[data-state="preview"]'))).toBeGreaterThan(100)
  await page.keyboard.press('Escape')
  await page.reload()
  await page.getByRole('article').first().waitFor()
  await page.route('**/media/**', route => route.fulfill({ status: 404 }))
  await clickImage(page)
  await dialog.getByRole('heading', { name: 'This picture is lost' }).waitFor()
  expect(await dialog.getByText('this is its preview').count()).toBe(0)
  expect(await listViolations(page)).toEqual([])
  await page.route('**/media/**', route => route.fulfill({ status: 503 }))
  await dialog.getByRole('button', { name: 'Load again' }).click()
  await dialog.getByRole('heading', { name: 'cannot be loaded right now' }).waitFor()
  await page.unrouteAll()
  await page.evaluate(() => window.dispatchEvent(new Event('online')))
  await dialog.locator('.surface img[data-state="loaded"]').waitFor()
  await page.context().close()
})

/** Opens the first output of the last row in the document that has four of them, and waits for its original. */
async function openLightbox(page: Page): Promise<Locator> {
  const dialog = await clickImage(page)
  await dialog.locator('.surface img[data-state="loaded"]').waitFor()
  return dialog
}

async function clickImage(page: Page): Promise<Locator> {
  const id = await page.evaluate(() => {
    const rows = [...document.querySelectorAll<HTMLElement>('article')]
    return rows.findLast(row => row.querySelectorAll('[data-output-index]').length === 4)?.dataset.generationId
  })
  await page.locator(`article[data-generation-id="${id}"] [data-output-index="0"]`).click()
  return page.getByRole('dialog')
}

async function openVideo(page: Page, id: string): Promise<Locator> {
  await page.locator(`article[data-generation-id="${id}"] [data-output-index="0"]`).click()
  return page.getByRole('dialog')
}

/** Plays a video, pauses it, steps through it and lets it start again, by keys. */
async function playVideo(page: Page, video: Locator): Promise<void> {
  await video.waitFor()
  const state = () =>
    video.evaluate((it: HTMLVideoElement) => ({
      isPaused: it.paused,
      time: it.currentTime,
      isReady: it.readyState > 1,
    }))
  const waitForState = async (isReached: (now: Awaited<ReturnType<typeof state>>) => boolean) => {
    const deadline = performance.now() + 60_000
    while (!isReached(await state())) {
      if (performance.now() > deadline) throw new Error(`the video stays at ${JSON.stringify(await state())}`)
      await waitForFrames(page)
    }
  }
  await waitForState(({ isReady }) => isReady)
  expect(await state()).toMatchObject({ isPaused: true, time: 0 })
  expect(await video.evaluate((it: HTMLVideoElement) => [it.videoWidth, it.poster.endsWith('.w960.webp')])).toEqual([
    64,
    true,
  ])
  await page.keyboard.press(' ')
  await waitForState(({ isPaused, time }) => !isPaused && time > 0.2)
  await page.keyboard.press(' ')
  await waitForState(({ isPaused }) => isPaused)
  const before = await state()
  await page.keyboard.press('.')
  await waitForState(({ time }) => time > before.time)
  expect((await state()).time - before.time).toBeCloseTo(1 / 25, 3)
  await page.keyboard.press(',')
  await waitForState(({ time }) => Math.abs(time - before.time) < 0.001)
  await page.keyboard.press(' ')
  await waitForState(({ time }) => time > before.time + 0.3)
  await waitForState(({ time }) => time < before.time)
  expect((await state()).isPaused).toBe(false)
}

/** Returns the image on the clipboard, a PNG in base64. */
async function readClipboardImage(page: Page): Promise<string> {
  return await page.evaluate(async () => {
    const [item] = await navigator.clipboard.read()
    const bytes = new Uint8Array((await (await item?.getType('image/png'))?.arrayBuffer()) ?? [])
    let text = ''
    for (const byte of bytes) text += String.fromCharCode(byte)
    return btoa(text)
  })
}

/** Serves a known image instead of every original. */
async function serveOriginals(page: Page, size: { width: number; height: number }): Promise<void> {
  const body = await createPatternPng(page, size)
  await page.route(/\/media\/.*\.png$/, route => route.fulfill({ contentType: 'image/png', body }))
}

async function readScale(dialog: Locator): Promise<string | null> {
  return await dialog.locator('.zoom-scale').textContent()
}

async function widthOf(image: Locator): Promise<number> {
  return (await image.boundingBox())?.width ?? 0
}

async function leftOf(image: Locator): Promise<number> {
  await waitForFrames(image.page())
  return (await image.boundingBox())?.x ?? 0
}

/** Returns the point of an image that lies at a point of the page, from 0 to 1. */
async function imagePointAt(image: Locator, point: { x: number; y: number }): Promise<{ x: number; y: number }> {
  const { x, y, width, height } = (await image.boundingBox()) ?? { x: 0, y: 0, width: 1, height: 1 }
  return { x: (point.x - x) / width, y: (point.y - y) / height }
}

async function marksOf(frames: Locator): Promise<(string | null)[]> {
  return await frames.evaluateAll(all => all.map(frame => frame.getAttribute('data-mark')))
}

async function shownGeneration(dialog: Locator): Promise<string> {
  return (await dialog.locator('.surface img').getAttribute('data-generation-id')) ?? ''
}

/** Lists what lies outside of the page at a side and is not in something that scrolls. */
async function listOverflowing(page: Page): Promise<string[]> {
  return await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('dialog *')]
      .filter(element => !element.closest('.filmstrip, .surface, .unseen'))
      .filter(element => {
        const { left, right, width } = element.getBoundingClientRect()
        return width > 0 && (right > innerWidth + 0.5 || left < -0.5)
      })
      .map(element => element.className.toString()),
  )
}

async function listViolations(page: Page): Promise<string[]> {
  const { violations } = await createAxe(page).include('dialog').analyze()
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}
