import { createColorTable } from './color/color-table.ts'
import { PALETTES, rotateHue } from './color/palettes.ts'
import { analyzeReferences } from './color/reference-analysis.ts'
import { renderContourPattern } from './landscape/contour-pattern.ts'
import { renderSky } from './landscape/sky.ts'
import { createSkyModel } from './landscape/sky-model.ts'
import { renderTerrain } from './landscape/terrain-renderer.ts'
import { renderWater } from './landscape/water.ts'
import { parsePrompt } from './prompt-parser.ts'
import { renderPixels } from './raster/post-processing.ts'
import { createRandom } from './raster/random.ts'
import { createRaster, type ProgressCallback } from './raster/raster.ts'
import { applyToneMapping } from './raster/tone-mapping.ts'
import { composeScene } from './scene-description.ts'
import type { RenderRequest } from './worker-protocol.ts'

/**
 * Renders an image. The same request gives the same bytes. Another index varies the composition: scene type, time of day, weather
 * and palette are shared by all outputs of a generation, everything else is drawn per image.
 *
 * The passes write tones to a raster: terrain, then sky behind it, then reflections on water. Tone mapping and the color table
 * turn it into pixels, with film grain.
 *
 * @param onProgress called with the share of the image that is done, 0 to 1, increasing
 * @returns RGB, a byte per channel, row by row
 */
export function renderImage(request: RenderRequest, onProgress: ProgressCallback): Uint8Array<ArrayBuffer> {
  const sharedRandom = createRandom(request.prompt, request.seed, request.mood)
  const intent = parsePrompt(request.prompt, request.mood, sharedRandom)
  const analysis = analyzeReferences(request.references, request.index)
  const palette = analysis?.palette ?? rotateHue(PALETTES[intent.palette], sharedRandom.between(-7, 7))
  const imageRandom = createRandom(request.prompt, request.seed, request.mood, request.index)
  const scene = composeScene(imageRandom, intent, analysis?.layout ?? null, request)
  const sky = createSkyModel(scene)
  const raster = createRaster(request.width, request.height)
  const layerProgress = (from: number, to: number) => (share: number) => onProgress(from + (to - from) * share)

  if (scene.contourPattern) renderContourPattern(raster, scene, sky, layerProgress(0, 0.8))
  else {
    renderTerrain(raster, scene, sky, layerProgress(0, 0.45))
    renderSky(raster, scene, sky, layerProgress(0.45, 0.75))
    renderWater(raster, scene, sky, layerProgress(0.75, 0.8))
  }
  applyToneMapping(raster, scene.toneCurve, analysis?.guide ?? null)
  onProgress(0.9)
  const pixels = renderPixels(raster, createColorTable(palette), request.grain, scene.seed)
  onProgress(1)
  return pixels
}
