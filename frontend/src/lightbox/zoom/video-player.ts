/** Seconds of a frame where the rate is not known. */
const FRAME_SECONDS = 1 / 25

/** Plays a video, or pauses it. */
export function togglePlay(video: HTMLVideoElement): void {
  if (video.paused) void video.play().catch(() => undefined)
  else video.pause()
}

/** Pauses a video and moves it by a number of frames. */
export function stepFrames(video: HTMLVideoElement, frames: number): void {
  video.pause()
  const end = Number.isFinite(video.duration) ? video.duration : Number.MAX_VALUE
  video.currentTime = Math.min(end, Math.max(0, video.currentTime + frames * FRAME_SECONDS))
}
