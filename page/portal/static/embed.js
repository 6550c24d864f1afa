// <certificate-download lang="ta">…</certificate-download>: a link from a national portal or an app's page to the citizens' portal, in the language of the page
// around it unless it names one. The portal opens in a window of its own, for it can be framed by nobody; the two know nothing of each other. When the
// citizen is back the element fires `returned`; what they did in between it does not know.
(() => {
  const portal = new URL('./', document.currentScript.src);
  class CertificateDownload extends HTMLElement {
    constructor() {
      super();
      const link = document.createElement('a');
      link.part = 'link';
      link.target = '_blank';
      link.rel = 'noopener noreferrer';
      const words = document.createElement('slot');
      words.textContent = 'Get your certificate';
      link.append(words);
      link.addEventListener('click', () => this.leave(link));
      this.attachShadow({ mode: 'open' }).append(link);
    }

    connectedCallback() {
      this.aim(this.shadowRoot.firstChild);
    }

    aim(link) {
      const { lang } = this.closest('[lang]') ?? this;
      link.href = lang ? `${portal}?lang=${encodeURIComponent(lang)}` : portal;
    }

    leave(link) {
      // Pages change their language while they are shown.
      this.aim(link);
      const back = () => {
        if (document.hidden) return;
        document.removeEventListener('visibilitychange', back);
        this.dispatchEvent(new CustomEvent('returned', { bubbles: true }));
      };
      document.addEventListener('visibilitychange', back);
    }
  }
  customElements.define('certificate-download', CertificateDownload);
})();
