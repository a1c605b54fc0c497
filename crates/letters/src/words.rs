//! Words of the three languages for what documents name by codes. Reasons in English are those of the policy pack.

/// Code, English, German, Russian.
pub(crate) type Row = (&'static str, &'static str, &'static str, &'static str);

/// Field classes.
pub(crate) const CLASSES: &[Row] = &[
    ("name", "names", "Namen", "имена"),
    ("birth", "date and place of birth", "Geburtsdatum und Geburtsort", "дата и место рождения"),
    ("address", "postal address", "Anschrift", "почтовый адрес"),
    ("email", "e-mail addresses", "E-Mail-Adressen", "адреса электронной почты"),
    ("phone", "telephone numbers", "Telefonnummern", "номера телефонов"),
    (
        "document_number",
        "numbers of identity documents",
        "Nummern von Ausweisen",
        "номера документов, удостоверяющих личность",
    ),
    (
        "document_scan",
        "images of identity documents",
        "Abbildungen von Ausweisen",
        "изображения документов, удостоверяющих личность",
    ),
    ("bank", "bank accounts and cards", "Bankkonten und Karten", "банковские счета и карты"),
    (
        "wallets",
        "wallet addresses tied to you",
        "Ihnen zugeordnete Wallet-Adressen",
        "связанные с вами адреса кошельков",
    ),
    (
        "logins",
        "log-ins: times, network addresses, devices",
        "Anmeldungen: Zeiten, Netzadressen, Geräte",
        "входы в систему: время, сетевые адреса, устройства",
    ),
    ("transfers", "transfers and trades", "Überweisungen und Handelsgeschäfte", "переводы и сделки"),
    ("notes", "notes of our staff", "Vermerke unserer Mitarbeiter", "записи наших сотрудников"),
];

/// Legal instruments, as the ground of a disclosure.
pub(crate) const INSTRUMENTS: &[Row] = &[
    ("court_order", "an order of a court", "eine gerichtliche Anordnung", "постановление суда"),
    (
        "warrant",
        "a search or production warrant",
        "ein Durchsuchungs- oder Herausgabebeschluss",
        "ордер на обыск или выемку",
    ),
    (
        "subpoena",
        "a subpoena",
        "eine Vorladung zur Herausgabe (Subpoena)",
        "судебная повестка о предоставлении сведений",
    ),
    (
        "epoc",
        "a European Production Order",
        "eine Europäische Herausgabeanordnung",
        "Европейский ордер на предоставление данных",
    ),
    (
        "epoc_pr",
        "a European Preservation Order",
        "eine Europäische Sicherungsanordnung",
        "Европейский ордер на сохранение данных",
    ),
    ("mla", "a request for mutual legal assistance", "ein Rechtshilfeersuchen", "запрос о взаимной правовой помощи"),
    (
        "letter_of_request",
        "a foreign court's letter of request",
        "ein Ersuchen eines ausländischen Gerichts",
        "поручение иностранного суда",
    ),
    (
        "second_protocol",
        "a request under the Second Additional Protocol to the Budapest Convention",
        "ein Ersuchen nach dem Zweiten Zusatzprotokoll zum Budapester Übereinkommen",
        "запрос по Второму дополнительному протоколу к Будапештской конвенции",
    ),
    (
        "fiu_request",
        "a statutory request of a financial intelligence unit",
        "ein gesetzliches Auskunftsverlangen einer Zentralstelle für Finanztransaktionsuntersuchungen",
        "основанный на законе запрос подразделения финансовой разведки",
    ),
    ("s314a", "a list under 31 CFR 1010.520", "eine Liste nach 31 CFR 1010.520", "список по 31 CFR 1010.520"),
    ("emergency", "an emergency request", "ein Notfallersuchen", "экстренный запрос"),
    (
        "regulator",
        "a statutory request of a supervisor",
        "ein gesetzliches Auskunftsverlangen einer Aufsichtsbehörde",
        "основанный на законе запрос надзорного органа",
    ),
    (
        "civil",
        "an order in civil proceedings",
        "eine Anordnung in einem Zivilverfahren",
        "определение по гражданскому делу",
    ),
    ("informal", "no legal instrument", "ohne Rechtsakt", "без правового акта"),
];

/// Ways in which a request arrives.
pub(crate) const CHANNELS: &[Row] = &[
    ("letter", "letter", "Brief", "письмо на бумаге"),
    ("e-mail", "e-mail", "E-Mail", "электронная почта"),
    ("portal", "portal", "Portal", "портал"),
    ("api", "signed request", "signierte Anfrage", "подписанный запрос"),
    ("ts103120", "TS 103 120", "TS 103 120", "TS 103 120"),
];

/// Every reason code of the packs that ship, in German and Russian, sorted.
pub(crate) const REASONS: &[(&str, &str, &str)] = &[
    (
        "AGGREGATE_ENOUGH",
        "Eine zusammengefasste Auskunft oder ein Ja oder Nein genügt.",
        "Достаточно обобщённых сведений или ответа «да» или «нет».",
    ),
    (
        "ANSWER_INSTEAD_OF_RECORDS",
        "Statt der Daten wird ein Ja, ein Nein oder eine zusammengefasste Auskunft gegeben.",
        "Вместо записей даётся ответ «да», «нет» или обобщённые сведения.",
    ),
    (
        "APPROVER_WITHIN_REACH",
        "Zugestimmt hat jemand, den der ersuchende Staat erreichen kann oder von dem das nicht bekannt ist.",
        "Согласие дал человек, до которого запрашивающее государство может дотянуться или о котором это неизвестно.",
    ),
    (
        "AUTHORITY_UNKNOWN",
        "Was die Behörde ist oder wer ihr Weisungen gibt, ist nicht bekannt.",
        "Неизвестно, что это за орган или кто им руководит.",
    ),
    (
        "BARS_RAISED",
        "Dem Rechtsakt stehen ne bis in idem, Verjährung, Immunität, ein Zeugnisverweigerungsrecht oder die Pressefreiheit entgegen.",
        "Правовому акту препятствуют запрет повторного преследования, давность, иммунитет, охраняемая тайна или свобода печати.",
    ),
    (
        "CALL_BACK_FAILED",
        "Ein Rückruf unter der Nummer unseres eigenen Verzeichnisses hat den Notfall nicht bestätigt.",
        "Обратный звонок по номеру из нашего справочника не подтвердил экстренный случай.",
    ),
    (
        "CAP_EXCEEDED",
        "Mehr Personen, als eine Anordnung betreffen darf.",
        "Больше лиц, чем может охватывать одно распоряжение.",
    ),
    (
        "CLASSES_NOT_ALLOWED_BY_INSTRUMENT",
        "Der Rechtsakt erlaubt einige Arten von Daten nicht.",
        "Правовой акт не допускает передачи некоторых видов данных.",
    ),
    (
        "CLASSES_NOT_ALLOWED_FOR_KIND",
        "Diese Art von Anordnung erlaubt einige Arten von Daten nicht.",
        "Этот вид распоряжения не допускает передачи некоторых видов данных.",
    ),
    (
        "CLASSES_NOT_ASKED",
        "Die Anordnung nennt Arten von Daten, die nicht verlangt wurden.",
        "Распоряжение называет виды данных, которые не запрашивались.",
    ),
    (
        "CLASSES_NOT_NECESSARY",
        "Einige Arten von Daten sind nicht erforderlich.",
        "Некоторые виды данных не являются необходимыми.",
    ),
    (
        "COMPULSION_NOT_BINDING",
        "Kein Gesetz, das uns bindet, verlangt es.",
        "Ни один обязательный для нас закон этого не требует.",
    ),
    (
        "CONFLICT_OF_LAWS",
        "Eine Antwort verletzte ein Gesetz, das uns bindet, wenn ihr kein internationales Übereinkommen zugrunde liegt.",
        "Ответ нарушил бы обязательный для нас закон, если его основанием не служит международный договор.",
    ),
    (
        "COURT_INSTRUMENT_NEEDED",
        "Eine Behörde, die nicht unabhängig ist, braucht die Anordnung eines Gerichts.",
        "Органу, который не является независимым, нужен акт суда.",
    ),
    (
        "CUMULATIVE_CAP",
        "Zusammen mit früheren Anordnungen mehr Personen, als für die Behörde, die Sache oder die Adresse erlaubt sind.",
        "Вместе с прежними распоряжениями больше лиц, чем допустимо для этого органа, дела или адреса.",
    ),
    (
        "DELAY_BY_WISH_ONLY",
        "Dass der Kunde nichts erfährt, wünscht nur die Behörde; der Kunde wird benachrichtigt.",
        "О молчании просит только сам орган; клиент будет уведомлён.",
    ),
    (
        "DELAY_NOT_LAWFUL",
        "Die Anordnung schiebt die Benachrichtigung ohne Gerichtsbeschluss oder Gesetz auf.",
        "Распоряжение откладывает уведомление клиента без решения суда или закона.",
    ),
    (
        "DRAGNET",
        "Das Ersuchen nennt keine Zielpersonen, sondern alle, die etwas getan haben.",
        "Запрос называет не конкретных лиц, а всех, кто совершил некое действие.",
    ),
    ("DURESS", "Jemand handelt unter Zwang.", "Кто-то действует под принуждением."),
    (
        "EMERGENCY_DOUBTFUL",
        "Die Lebensgefahr ist zweifelhaft; Daten werden gesichert, und der gewöhnliche Weg steht offen.",
        "Угроза жизни сомнительна; данные сохраняются, обычный порядок открыт.",
    ),
    (
        "EMERGENCY_NOT_OPEN",
        "Der Notfallweg steht diesem Absender nicht offen.",
        "Экстренный порядок для этого отправителя не открыт.",
    ),
    (
        "EMERGENCY_NOT_REGULARISED",
        "Ein früherer Notfall dieser Behörde wurde von keinem Richter bestätigt.",
        "Предыдущий экстренный запрос этого органа не был подтверждён судьёй.",
    ),
    (
        "FACTORS_INSUFFICIENT",
        "Weniger als zwei unabhängige Nachweise der Echtheit, davon einer außerhalb des Weges, auf dem das Ersuchen kam.",
        "Менее двух независимых подтверждений подлинности, одно из которых получено не тем путём, которым пришёл запрос.",
    ),
    (
        "FACTS_MISMATCH",
        "Die Anordnung, die Feststellungen und das geltende Behördenverzeichnis widersprechen einander.",
        "Распоряжение, установленные факты и действующий справочник органов противоречат друг другу.",
    ),
    (
        "FINDINGS_MISSING",
        "Fragen, die hier beantwortet sein müssen, sind unbeantwortet.",
        "Нет ответов на вопросы, без которых решение невозможно.",
    ),
    ("FORM_INCOMPLETE", "Der Rechtsakt ist formal unvollständig.", "Правовой акт оформлен не полностью."),
    (
        "INSTRUMENT_NOT_OPEN_TO_REQUESTER",
        "Diese Behörde kann hier nicht mit diesem Rechtsakt ersuchen.",
        "Этот орган не может обращаться сюда с таким правовым актом.",
    ),
    (
        "INTELLIGENCE_NOT_SERVED",
        "Ein Nachrichtendienst eines Drittstaats oder eine ihm unterstellte Behörde erhält hier keine Daten.",
        "Разведывательная служба третьего государства или подчинённый ей орган данных здесь не получает.",
    ),
    (
        "INTELLIGENCE_WITHOUT_COURT",
        "Ein Nachrichtendienst oder eine ihm unterstellte Behörde ersucht ohne gerichtliche Anordnung.",
        "Разведывательная служба или подчинённый ей орган обращается без акта суда.",
    ),
    (
        "KIND_NOT_COVERED",
        "Über diese Art von Anordnung entscheidet dieses Regelwerk nicht.",
        "Этот свод правил не решает о таком виде распоряжений.",
    ),
    (
        "LAW_LEAVES_NO_CHOICE",
        "Das Gesetz lässt keine Wahl; was gegeben wird, wird unter Protest gegeben.",
        "Закон не оставляет выбора; всё, что передаётся, передаётся с заявлением протеста.",
    ),
    (
        "LESS_HARM_ELSEWHERE",
        "Die Behörde kann es anderswo mit weniger Schaden erlangen.",
        "Орган может получить это в другом месте с меньшим вредом.",
    ),
    (
        "LISTED_BY_REQUESTER_ALONE",
        "Nur der ersuchende Staat führt das Ziel auf einer Liste; das ist kein Beweis.",
        "В перечень цель внесло только запрашивающее государство; это не доказательство.",
    ),
    (
        "LIST_IS_YES_OR_NO",
        "Eine Liste wird mit Ja oder Nein beantwortet, nicht mit Daten.",
        "На список отвечают «да» или «нет», но не записями.",
    ),
    (
        "MORE_THAN_ASKED",
        "Die Anordnung nennt mehr Personen, als verlangt wurden.",
        "Распоряжение называет больше лиц, чем запрашивалось.",
    ),
    (
        "NOTHING_GRANTABLE",
        "Keine Art von Daten ist zugleich verlangt, erforderlich und erlaubt.",
        "Ни один вид данных не является одновременно запрошенным, необходимым и допустимым.",
    ),
    (
        "NOT_COMPETENT",
        "Die Behörde ist für diese Sache oder Person nicht zuständig.",
        "Орган не имеет полномочий по этому делу или лицу.",
    ),
    ("NOT_LOGGED", "Die Anordnung steht nicht im Log.", "Распоряжение не внесено в журнал."),
    ("NOT_PERMITTED", "Keine Regel erlaubt es.", "Ни одно правило этого не разрешает."),
    (
        "NOT_WITNESSED",
        "Die Zeugen haben das Log mit der Anordnung nicht gegengezeichnet.",
        "Свидетели не заверили журнал с этим распоряжением.",
    ),
    ("NO_DATA_HELD", "Es sind keine Daten vorhanden.", "Данных нет."),
    (
        "NO_DUAL_CRIMINALITY",
        "Die Tat ist nach dem Recht unseres Sitzes nicht strafbar.",
        "По праву места нашего нахождения деяние не является преступлением.",
    ),
    (
        "NO_LEGAL_INSTRUMENT",
        "Es gibt keinen Rechtsakt; eine formlose Ansprache wird erfasst und nicht mit Daten beantwortet.",
        "Правового акта нет; неформальное обращение регистрируется, данные по нему не выдаются.",
    ),
    (
        "NO_TERRITORIAL_LINK",
        "Der ersuchende Staat hat keinen Bezug zu uns, zum Kunden oder zur Tat.",
        "Запрашивающее государство не связано ни с нами, ни с клиентом, ни с деянием.",
    ),
    ("NO_THREAT_TO_LIFE", "Es besteht jetzt keine Lebensgefahr.", "Сейчас угрозы жизни нет."),
    (
        "OFFENCE_NOT_STATED",
        "Die Tat ist nicht mit Tatsachen bezeichnet oder nicht schwer genug.",
        "Деяние не описано фактами или недостаточно тяжкое.",
    ),
    (
        "OFFICER_NOT_CONFIRMED",
        "Nicht bestätigt ist, dass die unterzeichnende Person im Amt ist und unterzeichnen darf.",
        "Не подтверждено, что подписавшее лицо занимает должность и вправе подписывать.",
    ),
    (
        "ONWARD_USE",
        "Die Behörde kann die Daten an einen Sicherheitsdienst weitergeben.",
        "Орган может передать данные службе безопасности.",
    ),
    (
        "PERSECUTION_RISK",
        "Der Person können Folter, Todesstrafe oder Verfolgung drohen.",
        "Лицу могут грозить пытки, смертная казнь или преследование.",
    ),
    (
        "POLICY_ERROR",
        "Die Auswertung der Regeln meldete einen Fehler; bis er behoben ist, wird nichts erlaubt.",
        "При проверке правил произошла ошибка; пока она не устранена, ничего не разрешается.",
    ),
    (
        "POLITICAL_OR_RIGHTS_RED_FLAG",
        "Anzeichen einer politischen Tat oder einer Verletzung von Grundrechten.",
        "Признаки политического дела или нарушения основных прав.",
    ),
    (
        "PRESERVATION_ONLY",
        "Der Rechtsakt ordnet Sicherung an, nicht Herausgabe.",
        "Правовой акт предписывает сохранить данные, а не раскрыть их.",
    ),
    (
        "QUORUM_IMPOSSIBLE",
        "Die nötige Zahl von Zustimmenden kann nicht zusammenkommen.",
        "Необходимое число согласующих собрать невозможно.",
    ),
    (
        "QUORUM_NOT_MET",
        "Die hier nötigen Zustimmungen sind nicht vollständig.",
        "Получены не все необходимые согласия.",
    ),
    (
        "REQUESTER_SANCTIONED",
        "Die ersuchende Stelle ist an unserem Sitz sanktioniert.",
        "Запрашивающий орган находится под санкциями по месту нашего нахождения.",
    ),
    (
        "REQUESTER_SANCTIONED_ELSEWHERE",
        "Die ersuchende Stelle ist in anderen Staaten sanktioniert.",
        "Запрашивающий орган находится под санкциями других государств.",
    ),
    (
        "REQUESTER_SUSPENDED",
        "Die ersuchende Stelle ist aus ihrem Verbund ausgeschlossen oder dort suspendiert.",
        "Участие запрашивающего органа в его профессиональной сети приостановлено.",
    ),
    (
        "SEAT_NOT_COVERED",
        "Dieses Regelwerk gilt für Verwahrer mit Sitz im Europäischen Wirtschaftsraum.",
        "Этот свод правил предназначен для хранителей с местом нахождения в Европейской экономической зоне.",
    ),
    (
        "SELECTOR_WITHOUT_COURT",
        "Ein Merkmal statt benannter Zielpersonen verlangt die Anordnung eines Gerichts.",
        "Для признака вместо названных лиц нужен акт суда.",
    ),
    ("SENDER_NOT_VERIFIED", "Der Absender konnte nicht bestätigt werden.", "Отправителя не удалось подтвердить."),
    (
        "SERVICE_NOT_COVERED",
        "Der Dienst fällt nicht unter den Rechtsakt.",
        "Правовой акт не распространяется на эту услугу.",
    ),
    (
        "STATE_UNCLASSIFIED",
        "Der ersuchende Staat ist nicht eingeordnet.",
        "Запрашивающее государство не отнесено ни к одной группе.",
    ),
    (
        "TRUSTEES_WITHIN_REACH",
        "Der ersuchende Staat und seine Verbündeten erreichen zu viele Treuhänder.",
        "Запрашивающее государство и его союзники могут дотянуться до слишком многих доверенных лиц.",
    ),
    (
        "UNINVOLVED_PEOPLE",
        "Zu viele der Personen sind offensichtlich unbeteiligt.",
        "Слишком многие из этих лиц явно непричастны.",
    ),
    (
        "WAITING_TIME",
        "Die Anordnung war noch nicht für die Dauer ihrer Wartezeit öffentlich.",
        "Срок ожидания, в течение которого распоряжение должно быть публичным, ещё не истёк.",
    ),
    (
        "WEAK_REQUESTER",
        "Ersuchen einer wenig unabhängigen Behörde gehen immer an die Leitung.",
        "Запросы недостаточно независимых органов всегда рассматривает руководство.",
    ),
    (
        "WINDOW_UNBOUNDED",
        "Anmeldungen oder Überweisungen werden ohne begrenzten Zeitraum verlangt.",
        "Входы в систему или переводы запрошены без ограничения по времени.",
    ),
];
