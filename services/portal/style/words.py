"""What the page of the style says, in both languages."""

from shared.errors import Sentence

STYLE = {
    "style": Sentence("How Serment looks", "L’apparence de Serment"),
    "style-intro": Sentence(
        "One calm sheet: every colour, space and size of the pages comes from these tokens. Colours keep the contrast of WCAG 2.1 AA in "
        "the light and in the dark; where the browser asks for less motion or for print, pages give it.",
        "Une feuille sobre : chaque couleur, espace et taille des pages vient de ces jetons. Les couleurs gardent le contraste de "
        "WCAG 2.1 AA en clair comme en sombre ; si le navigateur demande moins d’animation ou une impression, les pages s’y plient.",
    ),
    "style-colour": Sentence("Colours", "Couleurs"),
    "style-space": Sentence("Space", "Espaces"),
    "style-type": Sentence("Type", "Caractères"),
    "style-parts": Sentence("Parts", "Éléments"),
    "style-light": Sentence("light", "clair"),
    "style-dark": Sentence("dark", "sombre"),
    "style-sample": Sentence("Every access is noted before it is answered.", "Chaque accès est noté avant de recevoir sa réponse."),
    "style-good": Sentence("in order", "en ordre"),
    "style-bad": Sentence("refused", "refusé"),
    "style-button": Sentence("A main button", "Un bouton principal"),
    "style-danger": Sentence("A button that cannot be undone", "Un bouton irréversible"),
    "style-empty": Sentence(
        "An empty state says what will be here, and how it comes.", "Un état vide dit ce qui sera ici, et comment cela vient."
    ),
}
