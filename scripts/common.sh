# Shared by the scripts; sourced from the top of the checkout.

PACKAGES=(build-essential meson ninja-build pkg-config libcurl4-openssl-dev libmbedtls-dev libcjson-dev liblz4-dev
          zlib1g-dev libisal-dev check python3 python3-venv openssl ca-certificates)

# Installs Debian packages that are missing: the given ones, or those that a build needs.
need_packages() {
    local missing=() package sudo=()
    for package in "${@:-${PACKAGES[@]}}"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    [ "$(id -u)" -eq 0 ] || sudo=(sudo)
    echo "installing: ${missing[*]}"
    "${sudo[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# configure FOLDER [meson options]: makes a build folder, once.
configure() {
    local folder=$1
    shift
    [ -f "$folder/build.ninja" ] || meson setup "$folder" "$@" >"/tmp/ldbx-meson-$$.log" 2>&1 || {
        cat "/tmp/ldbx-meson-$$.log"
        return 1
    }
    rm -f "/tmp/ldbx-meson-$$.log"
}

# An S3 server that is not ours and verifies what it is sent; built once, by Go.
versitygw_version=1.7.0
versitygw=$PWD/build/versitygw/$versitygw_version/versitygw

need_versitygw() {
    [ -x "$versitygw" ] || GOBIN=$(dirname "$versitygw") go install "github.com/versity/versitygw/cmd/versitygw@v$versitygw_version"
}
