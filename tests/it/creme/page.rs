//! What these tests read of an HTML page: attributes of tags, the controls of a form. No parser of
//! the product is used, so that a fault of one does not hide a fault of the other.

/// The controls of the page's form that posts, as a browser would send them.
pub fn form(page: &str) -> Vec<(String, String)> {
    let forms = page.split("<form").skip(1).map(|rest| rest.split("</form>").next().unwrap_or_default());
    let form = forms.filter(|form| form.contains("csrfmiddlewaretoken")).max_by_key(|form| form.len());
    controls(form.expect("a form that posts"))
}

/// The value of the first input of this name.
pub fn input(page: &str, name: &str) -> Option<String> {
    tags(page, "input")
        .find(|tag| attribute(tag, "name").as_deref() == Some(name))
        .and_then(|tag| attribute(tag, "value"))
}

/// Where the page's links lead.
pub fn links(page: &str) -> Vec<String> {
    tags(page, "a").filter_map(|tag| attribute(tag, "href")).collect()
}

/// The styles and scripts that the page loads.
pub fn sources(page: &str) -> Vec<String> {
    let styles = tags(page, "link").filter_map(|tag| attribute(tag, "href"));
    styles.chain(tags(page, "script").filter_map(|tag| attribute(tag, "src"))).collect()
}

/// The same form with one field changed.
pub fn with(mut form: Vec<(String, String)>, name: &str, value: &str) -> Vec<(String, String)> {
    let field = form.iter_mut().find(|(n, _)| n == name).unwrap_or_else(|| panic!("the form has no `{name}`"));
    value.clone_into(&mut field.1);
    form
}

/// The value of a field in a form.
pub fn field<'a>(form: &'a [(String, String)], name: &str) -> &'a str {
    form.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str()).unwrap_or_else(|| panic!("no `{name}`"))
}

/// Text as it was before HTML escaped it.
pub fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        plain.push_str(&rest[..start]);
        rest = &rest[start..];
        match rest.find(';').filter(|end| *end <= 10).and_then(|end| Some((end, entity(&rest[1..end])?))) {
            Some((end, character)) => {
                plain.push(character);
                rest = &rest[end + 1..];
            }
            None => {
                plain.push('&');
                rest = &rest[1..];
            }
        }
    }
    plain.push_str(rest);
    plain
}

fn entity(name: &str) -> Option<char> {
    if let Some(hex) = name.strip_prefix("#x").or_else(|| name.strip_prefix("#X")) {
        return u32::from_str_radix(hex, 16).ok().and_then(char::from_u32);
    }
    if let Some(number) = name.strip_prefix('#') {
        return number.parse().ok().and_then(char::from_u32);
    }
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some('\u{a0}'),
        _ => None,
    }
}

fn controls(form: &str) -> Vec<(String, String)> {
    let mut controls = Vec::new();
    let mut rest = form;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let tag = rest.split('>').next().unwrap_or_default();
        let name = attribute(tag, "name").filter(|name| !name.is_empty());
        let value = if tag.starts_with("input") {
            sent(tag).then(|| attribute(tag, "value").unwrap_or_default())
        } else if tag.starts_with("textarea") {
            let text = rest[tag.len() + 1..].split("</textarea>").next().unwrap_or_default();
            // HTML drops one line break right after the tag.
            Some(unescape(text.strip_prefix('\n').unwrap_or(text)))
        } else if tag.starts_with("select") && !tag.contains("multiple") {
            chosen(rest.split("</select>").next().unwrap_or_default())
        } else {
            None
        };
        controls.extend(name.zip(value));
    }
    controls
}

/// Whether a browser sends this input.
fn sent(tag: &str) -> bool {
    match attribute(tag, "type").as_deref() {
        Some("submit" | "button" | "image" | "file") => false,
        Some("checkbox" | "radio") => tag.contains("checked"),
        _ => true,
    }
}

fn chosen(select: &str) -> Option<String> {
    let options: Vec<&str> = tags(select, "option").collect();
    let option = options.iter().find(|tag| tag.contains("selected")).or_else(|| options.first())?;
    Some(attribute(option, "value").unwrap_or_default())
}

fn tags<'a>(page: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    page.split('<')
        .skip(1)
        .filter_map(|rest| rest.split('>').next())
        .filter(move |tag| tag.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '\n', '\t', '/'])))
}

/// An attribute of a tag, unescaped; in double or single quotes, as Creme writes them.
fn attribute(tag: &str, name: &str) -> Option<String> {
    tag.match_indices(name).find_map(|(at, _)| {
        let before = tag[..at].chars().next_back()?;
        let rest = tag[at + name.len()..].strip_prefix('=')?;
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let value = rest[1..].split(quote).next()?;
        before.is_whitespace().then(|| unescape(value))
    })
}
