"""In which time zones the area codes of the United States lie, territories included.

After the time zone data of Google's libphonenumber (Apache 2.0), which names a zone for each exchange of a code: a code
whose exchanges lie in two zones has both, and so has the code that was laid over it. Other codes of the numbering
plan (Canada, the Caribbean, toll-free) say nothing of where in the United States somebody is.
"""

from __future__ import annotations

import re

EASTERN, CENTRAL, MOUNTAIN, PACIFIC = (
    "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles",
)  # fmt: skip
_CODES: dict[tuple[str, ...], str] = {
    (EASTERN,): (
        "201 202 203 207 212 215 216 220 223 227 229 231 234 239 240 248 252 260 267 269 272 276 283 301 302 304 "
        "305 313 315 317 321 324 326 329 330 332 336 339 347 351 352 363 380 386 401 404 407 410 412 413 419 434 "
        "440 443 445 463 470 472 475 478 484 502 508 513 516 517 518 540 551 561 567 570 571 582 585 586 603 607 "
        "609 610 614 616 617 631 640 645 646 656 667 678 680 681 686 689 703 704 706 716 717 718 724 727 728 732 "
        "734 740 743 754 757 762 765 770 771 772 774 781 786 802 803 804 810 813 814 821 826 828 835 838 839 843 "
        "845 848 854 856 857 859 860 862 863 864 865 878 904 908 910 912 914 917 919 929 934 937 941 943 947 948 "
        "954 959 973 978 980 984 989"
    ),
    (CENTRAL,): (
        "205 210 214 217 218 224 225 228 235 251 254 256 262 274 281 309 312 314 316 318 319 320 325 327 331 334 "
        "337 346 353 361 402 405 409 414 417 430 432 447 464 469 479 501 504 507 512 515 531 534 539 557 563 572 "
        "573 580 601 608 612 615 618 629 630 636 641 651 659 660 662 682 708 712 713 715 726 730 731 737 763 769 "
        "773 779 806 815 816 817 830 832 847 870 872 901 903 913 918 920 931 936 938 940 945 952 956 972 975 979 "
        "985"
    ),
    (MOUNTAIN,): "303 307 385 406 435 505 575 719 720 748 801 915 970 983",
    (PACIFIC,): (
        "206 209 213 253 279 310 323 341 350 360 369 408 415 424 425 442 503 509 510 530 559 562 564 619 626 628 "
        "650 657 661 669 702 707 714 725 738 747 760 805 818 820 831 840 858 909 916 925 949 951 971"
    ),
    (EASTERN, CENTRAL): "219 270 364 423 448 574 606 812 850 906 930",
    (CENTRAL, MOUNTAIN): "308 605 620 701 785",
    (PACIFIC, MOUNTAIN): "208 458 541 775 986",
    ("America/Phoenix",): "480 520 602 623",
    ("America/Phoenix", MOUNTAIN): "928",
    ("America/Anchorage", "America/Adak"): "907",
    ("Pacific/Honolulu",): "808",
    ("America/Puerto_Rico",): "787 939",
    ("America/St_Thomas",): "340",
    ("Pacific/Guam",): "671",
    ("Pacific/Saipan",): "670",
    ("Pacific/Pago_Pago",): "684",
}  # fmt: skip
_ZONES = {code: zones for zones, codes in _CODES.items() for code in codes.split()}
_EXTENSION = re.compile(r"(?<=\d)[\s,;]*(?:ext|x|#|;).*$", re.IGNORECASE | re.DOTALL)
#: Area code, exchange and line, with or without the country's 1.
_WHOLE = re.compile(r"1?([2-9]\d\d)[2-9]\d{6}")


def area_zones(phone: str | None) -> tuple[str, ...]:
    """Zones of a number's area code; none where it is no whole number of the United States."""
    digits = re.sub(r"\D", "", _EXTENSION.sub("", phone or ""))
    found = _WHOLE.fullmatch(digits)
    return _ZONES.get(found[1], ()) if found else ()
