// Pictures from the back camera, one at a time: the next is taken when the last has been looked at.

const SIDE = 1080;

export class Camera {
  #video;
  #look;
  #stream;

  /** @param look gets a square picture, an ImageBitmap or, in browsers whose workers cannot draw, ImageData. */
  constructor(video, look) {
    this.#video = video;
    this.#look = look;
  }

  get running() {
    return this.#stream !== undefined;
  }

  get hasTorch() {
    return Boolean(this.#track?.getCapabilities?.().torch);
  }

  get #track() {
    return this.#stream?.getVideoTracks()[0];
  }

  /** Throws where there is no camera or it is not allowed. */
  async start() {
    this.stop();
    const video = { facingMode: { ideal: 'environment' }, width: { ideal: 1920 }, height: { ideal: 1080 } };
    const stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
    this.#stream = stream;
    this.#video.srcObject = stream;
    await this.#video.play();
    this.#next(stream);
  }

  stop() {
    this.#stream?.getTracks().forEach(track => track.stop());
    this.#stream = undefined;
    this.#video.srcObject = null;
  }

  /** @returns whether the torch is on now. */
  async toggleTorch() {
    const torch = !this.#track.getSettings().torch;
    await this.#track.applyConstraints({ advanced: [{ torch }] });
    return torch;
  }

  #next(stream) {
    const again = async () => {
      if (this.#stream !== stream) return;
      await this.#look(await this.#picture());
      this.#next(stream);
    };
    if ('requestVideoFrameCallback' in this.#video) this.#video.requestVideoFrameCallback(again);
    else requestAnimationFrame(again);
  }

  /** The square that the finder shows, no larger than the camera sees it. */
  async #picture() {
    const { videoWidth: width, videoHeight: height } = this.#video;
    const side = Math.min(width, height);
    const size = Math.min(side, SIDE);
    const [left, top] = [(width - side) / 2, (height - side) / 2];
    if ('OffscreenCanvas' in self) {
      return createImageBitmap(this.#video, left, top, side, side, { resizeWidth: size, resizeHeight: size });
    }
    const canvas = Object.assign(document.createElement('canvas'), { width: size, height: size });
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.drawImage(this.#video, left, top, side, side, 0, 0, size, size);
    return context.getImageData(0, 0, size, size);
  }
}
