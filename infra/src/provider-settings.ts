import { z } from 'zod'

const key = z
  .string()
  .regex(/^[!-~]{1,500}$/, 'has a character that no key has')
  .optional()
const url = z.url({ protocol: /^https?$/ }).optional()

/** Settings of the connections that come from the environment, as a part of `ConfigSchema`. */
export const PROVIDER_SETTINGS = {
  OPENAI_API_KEY: key.describe('Key of an OpenAI account. Its models are offered; the key is written nowhere.'),
  OPENAI_BASE_URL: url.describe('Address of the OpenAI API, if it is not `https://api.openai.com/v1`.'),
  GEMINI_API_KEY: key.describe('Key of a Google account, of AI Studio.'),
  GOOGLE_BASE_URL: url.describe(
    'Address of the Gemini API, if it is not `https://generativelanguage.googleapis.com/v1beta`.',
  ),
  FAL_KEY: key.describe('Key of a fal account.'),
  FAL_BASE_URL: url.describe('Address of the queue of fal, if it is not `https://queue.fal.run`.'),
  REPLICATE_API_TOKEN: key.describe('Key of a Replicate account.'),
  REPLICATE_BASE_URL: url.describe('Address of the Replicate API, if it is not `https://api.replicate.com/v1`.'),
  BFL_API_KEY: key.describe('Key of an account at Black Forest Labs.'),
  BFL_BASE_URL: url.describe('Address of the API of Black Forest Labs, if it is not `https://api.bfl.ai/v1`.'),
  IDEOGRAM_API_KEY: key.describe('Key of an Ideogram account.'),
  IDEOGRAM_BASE_URL: url.describe('Address of the Ideogram API, if it is not `https://api.ideogram.ai`.'),
  STABILITY_API_KEY: key.describe('Key of a Stability AI account.'),
  STABILITY_BASE_URL: url.describe('Address of the Stability AI API, if it is not `https://api.stability.ai`.'),
  RUNWAYML_API_SECRET: key.describe('Key of a Runway account.'),
  RUNWAY_BASE_URL: url.describe('Address of the Runway API, if it is not `https://api.dev.runwayml.com/v1`.'),
  OPENAI_COMPATIBLE_URL: url.describe(
    'Address of a server that speaks the image API of OpenAI, as `http://127.0.0.1:8080/v1`.',
  ),
  OPENAI_COMPATIBLE_KEY: key.describe('Key of that server, if it wants one.'),
  COMFYUI_URL: url.describe('Address of a ComfyUI server, as `http://127.0.0.1:8188`. Its models are workflows.'),
  COMFYUI_KEY: key.describe('Key of a proxy before it: a token, or `user:password`.'),
  A1111_URL: url.describe('Address of an A1111, Forge or SD.Next server with its API, as `http://127.0.0.1:7860`.'),
  A1111_KEY: key.describe('Its `user:password` (`--api-auth`), or the token of a proxy before it.'),
  SDCPP_URL: url.describe('Address of a server of stable-diffusion.cpp, as `http://127.0.0.1:1234`.'),
  SDCPP_KEY: key.describe('Key of a proxy before it: a token, or `user:password`.'),
}
