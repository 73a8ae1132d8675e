# What go.mod cannot say about the build of $package; read by hack/programs/programs.sh.
case $package in
github.com/operator-framework/helm-operator-plugins)
    name=helm-operator
    ldflags="$ldflags -X github.com/operator-framework/helm-operator-plugins/internal/version.GitVersion=$version"
    ;;
esac
