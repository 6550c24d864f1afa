// <certificate-verifier lang="fr"></certificate-verifier>: the verification page inside another page. It fires `verdict` events whose detail is
// { verdict, reasons, bound }: nothing of what a certificate says leaves the frame.
(() => {
  const page = new URL('./', document.currentScript.src);
  class CertificateVerifier extends HTMLElement {
    connectedCallback() {
      const frame = document.createElement('iframe');
      const language = this.lang ? `&lang=${encodeURIComponent(this.lang)}` : '';
      frame.src = `${page}?embed${language}`;
      frame.title = this.title || 'Check a certificate';
      frame.allow = 'camera';
      frame.style.cssText = 'border: 0; width: 100%; height: 100%; min-height: 40rem';
      this.style.display = 'block';
      this.replaceChildren(frame);
      this.heard = ({ source, origin, data }) => {
        if (source !== frame.contentWindow || origin !== page.origin || data?.type !== 'certificate-verdict') return;
        const { verdict, reasons, bound } = data;
        this.dispatchEvent(new CustomEvent('verdict', { bubbles: true, detail: { verdict, reasons, bound } }));
      };
      addEventListener('message', this.heard);
    }

    disconnectedCallback() {
      removeEventListener('message', this.heard);
    }
  }
  customElements.define('certificate-verifier', CertificateVerifier);
})();
